/* What is typed at a stretch, as lines of captions. */

/** Lines of at most `limit` characters, parted between words where there are any. */
export function pieces(text, limit) {
  const made = [];
  let rest = text.normalize("NFC").trim().replace(/\s+/g, " ");
  while (rest.length > limit) {
    let cut = rest.lastIndexOf(" ", limit);
    if (cut <= 0) cut = /[\uD800-\uDBFF]/.test(rest[limit - 1]) ? limit - 1 : limit;      // a sign of two halves stays whole
    made.push(rest.slice(0, cut));
    rest = rest.slice(cut).trim();
  }
  return rest ? [...made, rest] : made;
}
