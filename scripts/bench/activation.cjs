// Activates the bundled extension in a bare process: every name of `vscode` stands for a thing that takes anything and does nothing, so only our own work is timed.
// Its argument is the bundle; prints the milliseconds of loading and of activate(), and which files were loaded.
const Module = require('node:module')

/** Can be called, constructed, extended and read, and always gives another one of its kind. */
function anything() {
  return new Proxy(function () {}, {
    get: (target, key) => (key === 'prototype' ? target.prototype : key === 'then' ? undefined : key === Symbol.toPrimitive ? () => '' : key === Symbol.iterator ? () => [].values() : anything()),
    set: () => true,
    apply: () => anything(),
    construct: () => anything(),
  })
}

const load = Module._load
// As a prototype: bundles copy a module's own properties one by one, and inherit the rest.
Module._load = (name, ...rest) => (name === 'vscode' ? Object.create(anything()) : load(name, ...rest))

const started = performance.now()
const { activate } = require(process.argv[2])
const loadedAt = performance.now()
const context = Object.assign(Object.create(anything()), { subscriptions: [] })
activate(context)
const done = performance.now()
console.log(JSON.stringify({ loadMs: loadedAt - started, activateMs: done - loadedAt, files: Object.keys(require.cache).filter((file) => file !== module.filename) }))
process.exit(0)
