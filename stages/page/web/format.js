// Numbers and names as the page writes them.

/** A number to two decimals, with a true minus sign, and never minus zero: 0.5 is "0.50". */
export function decimalText(value, digits = 2) {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? text.replace("-", "") : text.replace("-", "\u2212");
}

/** A number to two decimals with its sign: 0.5 is "+0.50". */
export function signedDecimal(value, digits = 2) {
  const text = decimalText(value, digits);
  return value > 0 && Number(text) !== 0 ? `+${text}` : text;
}

/** A number with its sign, to three significant digits or two if it is small: "+1.23", "+0.0012". */
export function signedText(value) {
  if (!(Math.abs(value) >= 1e-12)) return "0";
  const size = Math.abs(value);
  const small = size < 1e-4 || size >= 999.5;
  return (
    (value < 0 ? "\u2212" : "+") + (small ? powerText(size) : size.toPrecision(size < 1e-2 ? 2 : 3))
  );
}

/** A number as `signedText` writes it, but without a plus. */
export function plainText(value) {
  return signedText(value).replace(/^\+/, "");
}

/** A number with its sign in few characters: "+1.98", "\u22120.03", "+7\u00b710\u207b\u2075". */
export function roughText(value) {
  const size = Math.abs(value);
  if (!(size >= 1e-12)) return "0";
  const sign = value < 0 ? "\u2212" : "+";
  return sign + (size >= 0.005 ? size.toFixed(2) : powerText(size, 0));
}

/** A number with an arrow in its direction: "\u2191 +0.500". */
export function arrowText(value) {
  return `${value > 0 ? "\u2191" : value < 0 ? "\u2193" : "\u00b7"} ${signedText(value)}`;
}

/** A size as a few digits and a power of ten: 0.0000712 is "7.1\u00b710\u207b\u2075". */
function powerText(size, digits = 1) {
  const [factor, power] = size.toExponential(digits).split("e");
  const raised = (digit) =>
    digit === "-"
      ? "\u207b"
      : "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[digit];
  return `${factor}\u00b710${Array.from(power.replace("+", ""), raised).join("")}`;
}

/** A share in percent, with a space that does not break: 0.9614 is "96.1 %". */
export function percentText(share, digits = 1) {
  return `${(share * 100).toFixed(digits)}\u00a0%`;
}

/** A number with its article: "an 8", "a 3". */
export function withArticle(name) {
  return `${/^(8|11$|18$)/.test(name) ? "an" : "a"} ${name}`;
}

/** A text with a capital letter in front. */
export function capital(text) {
  return text.replace(/^./, (letter) => letter.toUpperCase());
}
