// The text over which the cost of a precision is measured: short, and in several scripts, because rounding errors differ with what is read.

export const PRECISION_TEXT = `The ferry leaves at seven; bring a warm coat. 雨停了，街上的人慢慢多起来。 function area(r) { return 3.14 * r ** 2 }
Вчера мы искали ключ. 駅前で本を買った。 يسافر أخي غدا. Wer zuletzt lacht, weiß warum.`

/** The text is about 64 tokens of a large vocabulary; a small one splits some scripts into bytes. */
export const MOST_PRECISION_TOKENS = 96
