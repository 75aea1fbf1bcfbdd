/** Texts that a model reads before it is ready: what it cannot read must fail its loading, and no caller's call. */

/** Characters whose UTF-8 has every byte that UTF-8 can have. */
export function everyByte(): string {
  const points = [
    ...range(0x0, 0x7ff, 1),
    // Each beginning of three and of four bytes; surrogates are no characters.
    ...range(0x800, 0xffff, 0x800).filter((point) => point < 0xd800 || point > 0xdfff),
    ...range(0x10000, 0x10ffff, 0x10000),
  ];
  return String.fromCodePoint(...points);
}

function range(first: number, last: number, step: number): readonly number[] {
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, i) => first + i * step);
}

/** Greetings in many scripts, and what else texts have in them. */
export const mixedScripts = [
  "The quick brown fox jumps over 13 lazy dogs; it costs $9.50 (or €8,99)!",
  "Ça va très bien, señor Müller? Øster Åse spiser blåbærsyltetøy. ŁÓDŹ, İstanbul, ßtraße.",
  "Съешь ещё этих мягких французских булок. Καλημέρα, ΑΘΗΝΑΣ. Բարեւ ձեզ. გამარჯობა.",
  "السلام عليكم ورحمة الله. שָׁלוֹם עֲלֵיכֶם. سلام، حال شما چطور است؟",
  "नमस्ते दुनिया। হ্যালো বিশ্ব। வணக்கம் உலகம். ನಮಸ್ಕಾರ. สวัสดีชาวโลก ສະບາຍດີ ជំរាបសួរ မင်္ဂလာပါ",
  "今日は良い天気ですね。カタカナ、ひらがな。你好，世界！繁體中文。안녕하세요 세계. 𠀋𠮷",
  "e\u0301 a\u0308\u0323 👩‍👩‍👧‍👦 🇪🇺 ✌🏽 ☂ ∑∫√ ½ № \u200b\u200d\ufeff\u00ad\u00a0\u3000",
  'if (x <= 3 && y != 0) { return "a\\tb"; } // https://example.org/?q=1&r=%20',
  "<s> </s> [CLS] [SEP] [MASK] <pad> <unk> <|im_start|> ▁ Ġ ##ing",
].join("\n");
