// What the components of the page Guide share; put before each of them. Text is hostile: it enters the page through
// text nodes and attributes only, never as markup.

function add(parent, tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  parent.append(element);
  return element;
}

function isDark(host) {
  const [red, green, blue] = getComputedStyle(host).backgroundColor.match(/[\d.]+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

const whole = (n) => n.toLocaleString("en-US");

function percent(p) {
  const n = 100 * p;
  if (n >= 99.95) return "100 %";
  if (n >= 10) return `${n.toFixed(n > 99 ? 1 : 0)} %`;
  if (n >= 0.1) return `${n.toFixed(1)} %`;
  return n >= 0.0001 ? `${Number(n.toPrecision(1))} %` : n === 0 ? "0 %" : "< 0.0001 %";
}
