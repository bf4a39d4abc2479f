// What token_view.js draws with beside drawing.js. With the others of its name it makes one module.

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

const range = (first, count) => Array.from({ length: count }, (_, i) => first + i);
const bits = (thousandths) => (thousandths >= 1e9 ? "∞" : (thousandths / 1000).toFixed(1));
