// Where the steps of the ranks end: GLTR's, or what the reader says, who is remembered in this browser only.

const GLTR = [10, 100, 1000];
const REMEMBERED = "text-provenance-ranks";

const inRightOrder = (ranks) => ranks.every((rank, n) => Number.isInteger(rank) && rank > (ranks[n - 1] ?? 0));

function remembered() {
  try {
    const ranks = JSON.parse(localStorage.getItem(REMEMBERED));
    return Array.isArray(ranks) && ranks.length === 3 && inRightOrder(ranks) ? ranks : GLTR;
  } catch {
    return GLTR;
  }
}

function rankLabels(bounds) {
  const from = (n) => whole((bounds[n - 1] ?? 0) + 1);
  const labels = bounds.map((bound, n) => (from(n) === whole(bound) ? whole(bound) : `${from(n)}–${whole(bound)}`));
  return [...labels, `over ${whole(bounds.at(-1))}`];
}

function remember(ranks) {
  try {
    localStorage.setItem(REMEMBERED, JSON.stringify(ranks));
  } catch {
    // a browser that keeps nothing: remembered until the page is left
  }
}

function drawRanks(group, ranks, onChange) {
  add(group, "legend", "", "Steps end at rank");
  ranks.forEach((rank, n) => {
    const input = add(group, "input", "");
    Object.assign(input, { type: "number", name: "rank", min: 1, step: 1, value: rank, required: true });
    input.setAttribute("aria-label", `Step ${n + 1} ends at rank`);
  });
  const reset = add(group, "button", "plain", "back to 10, 100, 1,000");
  Object.assign(reset, { type: "button", hidden: ranks.join() === GLTR.join() });
  reset.onclick = () => {
    group.querySelectorAll("input").forEach((input, n) => (input.value = GLTR[n]));
    takeRanks(group, onChange);
  };
  add(group, "span", "problem").setAttribute("role", "alert");
}

// Three ascending whole numbers; anything else is told and changes nothing.
function takeRanks(group, onChange) {
  const inputs = [...group.querySelectorAll("input")];
  const ranks = inputs.map((input) => Number(input.value));
  const wrong = !inRightOrder(ranks);
  inputs.forEach((input) => input.setAttribute("aria-invalid", String(wrong)));
  group.querySelector(".problem").textContent = wrong ? "Give three whole numbers, each larger than the one before." : "";
  if (wrong) return;
  group.querySelector(".plain").hidden = ranks.join() === GLTR.join();
  onChange(ranks);
}
