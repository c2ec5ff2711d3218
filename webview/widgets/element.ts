// Small functions that create DOM nodes and change them only where they differ.

type Attributes = Readonly<Record<string, string | boolean | undefined>>

/** A new element: `element('p', { class: 'hint', hidden: true }, 'words', child)`; true sets an empty attribute, false and undefined none. */
export function element<K extends keyof HTMLElementTagNameMap>(tag: K, attributes: Attributes = {}, ...children: readonly (Node | string)[]): HTMLElementTagNameMap[K] {
  const node = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) setAttribute(node, name, value)
  node.append(...children)
  return node
}

/** Sets, or for false and undefined removes, an attribute unless it is already so. */
export function setAttribute(node: Element, name: string, value: string | boolean | undefined): void {
  if (value === undefined || value === false) {
    if (node.hasAttribute(name)) node.removeAttribute(name)
    return
  }
  const text = value === true ? '' : value
  if (node.getAttribute(name) !== text) node.setAttribute(name, text)
}

/** Sets the text unless it is already so, which keeps selections and screen readers calm. */
export function setText(node: Node, text: string): void {
  if (node.textContent !== text) node.textContent = text
}

/** Shows or hides a node. */
export function setShown(node: HTMLElement, shown: boolean): void {
  if (node.hidden === shown) node.hidden = !shown
}

/** Sets a custom property that the style sheet reads; allowed under a policy that forbids style attributes. */
export function setProperty(node: HTMLElement, name: `--${string}`, value: string): void {
  if (node.style.getPropertyValue(name) !== value) node.style.setProperty(name, value)
}

/** A node that draws one item and can be told that the item changed. */
export interface Part<Item> {
  readonly element: HTMLElement
  update(item: Item): void
}

/** Keeps the children of `parent` equal to a list, one part per key, moving and reusing nodes instead of rebuilding them. */
export function createList<Item>(parent: HTMLElement, key: (item: Item) => string, create: (item: Item) => Part<Item>): (items: readonly Item[]) => void {
  let parts = new Map<string, Part<Item>>()
  return (items) => {
    const next = new Map<string, Part<Item>>()
    for (const item of items) next.set(key(item), parts.get(key(item)) ?? create(item))
    for (const [name, part] of parts) if (!next.has(name)) part.element.remove()
    let place: ChildNode | null = parent.firstChild
    for (const item of items) {
      const part = next.get(key(item))!
      part.update(item)
      if (part.element === place) place = place.nextSibling
      else parent.insertBefore(part.element, place)
    }
    parts = next
  }
}
