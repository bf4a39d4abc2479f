// What token_view.js draws with: elements, numbers in words, places on the screen. With the others of its name it makes one module.

function add(parent, tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  parent.append(element);
  return element;
}

function addFact(list, name, value) {
  add(list, "dt", "", name);
  add(list, "dd", "", value);
}

// A leading space is part of most tokens: shown faintly, so that " a" and "a" are told apart.
function addToken(parent, token) {
  const spaces = token.length - token.trimStart().length;
  if (spaces) add(parent, "span", "space", "␣".repeat(spaces));
  parent.append(token.slice(spaces));
  parent.classList.add("literal");
  return parent;
}

// The nearest token on the line below (direction 1) or above (-1); undefined at the edge.
function onNextLine(tokens, at, direction) {
  const from = tokens[at].getClientRects()[0];
  let best, line;
  for (let i = at + direction; i >= 0 && i < tokens.length; i += direction) {
    const rect = tokens[i].getClientRects()[0];
    if (!rect || Math.abs(rect.top - from.top) < from.height / 2) continue;
    line ??= rect.top;
    if (Math.abs(rect.top - line) > from.height / 2) break;
    const distance = Math.abs((rect.left + rect.right - from.left - from.right) / 2);
    if (!best || distance < best.distance) best = { token: tokens[i], distance };
  }
  return best?.token;
}

function isDark(host) {
  const [red, green, blue] = getComputedStyle(host).backgroundColor.match(/[\d.]+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

const range = (first, count) => Array.from({ length: count }, (_, i) => first + i);
const whole = (n) => n.toLocaleString("en-US");
const bits = (thousandths) => (thousandths >= 1e9 ? "∞" : (thousandths / 1000).toFixed(1));

function percent(p) {
  const n = 100 * p;
  if (n >= 99.95) return "100 %";
  if (n >= 10) return `${n.toFixed(n > 99 ? 1 : 0)} %`;
  if (n >= 0.1) return `${n.toFixed(1)} %`;
  return n >= 0.0001 ? `${Number(n.toPrecision(1))} %` : "< 0.0001 %";
}
