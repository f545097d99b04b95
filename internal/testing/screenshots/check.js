// What can be judged of a page by a program. Gives {Faults, Height} as JSON.
(() => {
  const faults = new Set();
  const root = document.documentElement;
  // Not innerWidth: on a phone that grows with what does not fit.
  if (root.scrollWidth > screen.width) {
    faults.add(`it is ${root.scrollWidth} pixels wide in a window of ${screen.width}`);
  }
  for (const e of document.body.querySelectorAll("*")) {
    const out = e.scrollWidth - e.clientWidth;
    if (e.clientWidth && out > 1 && e.textContent.trim()) {
      faults.add(`"${e.textContent.trim().slice(0, 40)}" sticks out of its ${e.localName} by ${out} pixels`);
    }
  }
  if (!root.lang) faults.add("html has no lang");
  if (document.querySelectorAll("h1").length !== 1) faults.add("it has not exactly one h1");
  let level = 0;
  for (const h of document.querySelectorAll("h1,h2,h3,h4,h5,h6")) {
    const n = Number(h.tagName[1]);
    if (n > level + 1) faults.add(`"${h.textContent}" is an ${h.tagName} after a heading of level ${level}`);
    level = n;
  }
  for (const th of document.querySelectorAll("th")) if (!th.scope) faults.add(`"${th.textContent}" is a th without scope`);

  // WCAG 2.2, success criterion 1.4.3.
  const parse = (c) => (c.match(/[\d.]+/g) || []).map(Number);
  const channel = (v) => ((v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = parse(getComputedStyle(e).backgroundColor);
      if (c.length === 3 || c[3] === 1) return c;
    }
    return [255, 255, 255];
  };
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let t = walk.nextNode(); t; t = walk.nextNode()) {
    if (!t.data.replace(/\u00a0/g, " ").trim()) continue;
    const style = getComputedStyle(t.parentElement);
    const a = luminance(parse(style.color));
    const b = luminance(behind(t.parentElement));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5)) faults.add(`"${t.data.trim().slice(0, 40)}" has a contrast of ${ratio.toFixed(2)}`);
  }
  return JSON.stringify({ Faults: [...faults], Height: Math.ceil(root.scrollHeight) });
})();
