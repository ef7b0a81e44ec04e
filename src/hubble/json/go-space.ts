// White space of Go's unicode package: with U+0085 and without U+FEFF, unlike JavaScript's.
export const GO_SPACE = String.raw`[\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]`;
