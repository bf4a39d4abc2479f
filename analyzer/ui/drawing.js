// What the components draw with, put before each of them: elements, characters that cannot be seen, places on the screen,
// numbers in words. Text is hostile: it enters the page through text nodes and attributes only, never as markup.

function add(parent, tag, className, content) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (content !== undefined) element.textContent = content;
  parent.append(element);
  return element;
}

// What cannot be seen gets a mark, drawn by the style sheet, and stays in the text inside it: there a direction override
// ends. A line end stands behind its mark, as it breaks the line; in a cell it does so behind the cell.
function drawPiece(parent, piece, marks, behind) {
  let run = "";
  for (const character of piece) {
    const mark = marks[character], lineEnd = character === "\n";
    if (!mark) {
      run += character;
      continue;
    }
    if (run) parent.append(run);
    run = "";
    add(parent, "span", "mark", lineEnd ? "" : character).dataset.mark = mark;
    if (lineEnd) (behind ?? parent).append("\n");
  }
  if (run) parent.append(run);
}

// The nearest item on the line below (direction 1) or above (-1); undefined at the edge.
function onNextLine(items, at, direction) {
  const from = items[at].getClientRects()[0];
  let best, line;
  for (let i = at + direction; from && i >= 0 && i < items.length; i += direction) {
    const rect = items[i].getClientRects()[0];
    if (!rect || Math.abs(rect.top - from.top) < from.height / 2) continue;
    line ??= rect.top;
    if (Math.abs(rect.top - line) > from.height / 2) break;
    const distance = Math.abs((rect.left + rect.right - from.left - from.right) / 2);
    if (!best || distance < best.distance) best = { item: items[i], distance };
  }
  return best?.item;
}

function isDark(host) {
  const [red, green, blue] = getComputedStyle(host).backgroundColor.match(/[\d.]+/g).map(Number);
  return 0.299 * red + 0.587 * green + 0.114 * blue < 128;
}

const whole = (n) => n.toLocaleString("en-US");

// A probability; `none` is said of nothing at all, where that is not merely too little to be sent.
function percent(p, none = "< 0.0001 %") {
  const n = 100 * p;
  if (n >= 99.95) return "100 %";
  if (n >= 10) return `${n.toFixed(n > 99 ? 1 : 0)} %`;
  if (n >= 0.1) return `${n.toFixed(1)} %`;
  if (n === 0) return none;
  return n >= 0.0001 ? `${Number(n.toPrecision(1))} %` : "< 0.0001 %";
}

