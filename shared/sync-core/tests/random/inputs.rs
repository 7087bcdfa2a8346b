//! Inputs: pieces of good ones, put together and broken at random, the same ones each time.

/// A generator of numbers that needs no crate (xorshift64*).
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 16
    }

    /// A number below `end`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % (end.max(1) as u64)).unwrap()
    }

    pub(crate) fn one<'p>(&mut self, pieces: &[&'p str]) -> &'p str {
        pieces[self.below(pieces.len())]
    }
}

/// Characters that break parsers: marks, zeros, other scripts, invisible ones, four bytes.
const ODD: &[&str] = &[
    "\"",
    "'",
    ",",
    ";",
    ":",
    "\\",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "+",
    "-",
    ".",
    "/",
    "@",
    "#",
    "~",
    "%",
    "=",
    "*",
    "&",
    "!",
    "|",
    "<",
    ">",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\u{0}",
    "\u{7f}",
    "\u{a0}",
    "\u{feff}",
    "\u{200b}",
    "\u{202e}",
    "\u{301}",
    "\u{2212}",
    "０",
    "９",
    "٣",
    "é",
    "ß",
    "İ",
    "ſ",
    "K",
    "東",
    "😀",
    "\u{10ffff}",
    "0",
    "1",
    "9",
    "e",
    "E",
    "T",
    "Z",
    "x",
    "00",
    "011",
    "64",
    "null",
];

/// A text of some pieces, perhaps broken in a few places.
pub(crate) fn text(random: &mut Random, pieces: &[&str]) -> String {
    let mut text = String::new();
    let (parts, breaks) = [(1, 0), (1, 1), (2, 1), (4, 3)][random.below(4)];
    for _ in 0..parts {
        text.push_str(random.one(pieces));
        if random.below(4) == 0 {
            text.push_str(random.one(ODD));
        }
    }
    for _ in 0..breaks {
        break_once(random, &mut text);
    }
    text
}

/// Puts something in, takes something out, or writes a part twice.
pub(crate) fn break_once(random: &mut Random, text: &mut String) {
    let place = |random: &mut Random, text: &str| {
        let mut at = random.below(text.len() + 1);
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    let (one, other) = (place(random, text), place(random, text));
    let (from, to) = (one.min(other), one.max(other));
    match random.below(5) {
        0 | 1 => text.insert_str(from, random.one(ODD)),
        2 => text.truncate(to),
        3 => text.replace_range(from..to, ""),
        _ if text.len() < 4_000 => {
            let part = text.get(from..to).unwrap_or_default().to_owned();
            text.insert_str(to, &part);
        }
        _ => text.clear(),
    }
}
