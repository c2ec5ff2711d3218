"""The edits that are recorded: where each applies, and cases of every kind on features that fire in a prompt."""


def covers(positions, position, prompt_length):
    kind = positions['kind']
    if kind == 'ranges':
        return any(first <= position <= last for first, last in positions['ranges'])
    return {'all': True, 'prompt': position < prompt_length, 'generated': position >= prompt_length, 'last': position == prompt_length - 1}[kind]


def strongest(a, position, rank=0):
    return int(a[position].topk(rank + 1).indices[rank])


def edit(layer, feature, kind, value, positions='all'):
    where = {'kind': positions} if isinstance(positions, str) else {'kind': 'ranges', 'ranges': positions}
    return {'feature': {'layer': layer, 'feature': feature}, 'operation': {'kind': kind, 'value': value}, 'positions': where}


def edit_cases(before, length, d_sae):
    """Edits of each kind and position form, on features that fire in the prompt."""
    first, *_, last = sorted(before)
    middle = sorted(before)[1]
    at = min(length - 1, 4)
    f = lambda layer, rank=0, position=at: strongest(before[layer], position, rank)
    quiet = int((before[middle].sum(0) == 0).nonzero()[0]) if (before[middle].sum(0) == 0).any() else d_sae - 1
    cases = {
        'suppress': [edit(middle, f(middle), 'set', 0)],
        'clamp-prompt': [edit(first, f(first), 'set', 2.5, 'prompt')],
        'boost-generated': [edit(middle, f(middle, 1), 'add', 3, 'generated')],
        'scale-last': [edit(last, f(last, 0, length - 1), 'scale', 0.25, 'last')],
        'boost-quiet': [edit(middle, quiet, 'add', -2)],
    }
    if length >= 9:
        cases['ranges'] = [edit(first, f(first), 'scale', 3, [[2, 4], [7, 7]]), edit(last, f(last), 'add', 4, [[length, length + 2]])]
        cases['several'] = [edit(middle, f(middle, 0), 'set', 0), edit(middle, f(middle, 1), 'scale', 2), edit(middle, f(middle, 0), 'add', 1.5),
                            edit(last, f(last), 'set', 0, 'prompt'), edit(first, f(first, 1), 'add', 1, 'generated')]
    if length > 64:
        cases['chunk-border'] = [edit(middle, f(middle, 0, 64), 'set', 0, [[60, 67]]), edit(first, f(first, 0, 63), 'add', 2, [[63, 64]])]
        # The rest of the kinds are recorded on the short prompts.
        cases = {name: cases[name] for name in ['suppress', 'ranges', 'several', 'chunk-border']}
    return cases
