/* The few lines of a session description that an ICE restart exchanges (RFC 8840, RFC 9725 section 4.3.2).  Text in, text out. */

export const TYPE = "application/trickle-ice-sdpfrag";

const lines = (sdp) => sdp.split(/\r?\n/).filter(Boolean);
const text = (kept) => `${kept.join("\r\n")}\r\n`;

/** Our new credentials, as a fragment: the bundle's first section speaks for all. */
export function ofOffer(sdp) {
  const all = lines(sdp);
  const start = all.findIndex((line) => line.startsWith("m="));
  const end = all.findIndex((line, index) => index > start && line.startsWith("m="));
  const section = all.slice(start, end < 0 ? undefined : end);
  const pick = (from, ...names) => from.filter((line) => names.some((name) => line.startsWith(`a=${name}:`)));
  return text([
    ...pick(all.slice(0, start), "group", "ice-options"), section[0], ...pick(section, "mid", "ice-ufrag", "ice-pwd"),
  ]);
}

/** The answer as before, with the server's new credentials and, where it names any, its new candidates. */
export function intoAnswer(sdp, said) {
  const fresh = (name) => lines(said).find((line) => line.startsWith(`a=${name}:`));
  const [ufrag, pwd] = [fresh("ice-ufrag"), fresh("ice-pwd")];
  if (!ufrag || !pwd) throw new Error("the server named no credentials");
  const candidates = lines(said).filter((line) => line.startsWith("a=candidate:"));
  const kept = [];
  let section = false;
  for (const line of lines(sdp)) {
    section ||= line.startsWith("m=");
    if (line.startsWith("a=ice-ufrag:")) kept.push(ufrag);
    else if (line.startsWith("a=ice-pwd:")) kept.push(pwd);
    else if (!candidates.length || !line.startsWith("a=candidate:")) kept.push(line);
    if (section && line.startsWith("c=")) kept.push(...candidates);
  }
  return text(kept);
}
