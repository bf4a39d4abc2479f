// What is told of one piece of the text: on pointing at it, and to screen readers.

function describe(tip, data, i, onBranch) {
  const first = data.first[i], parts = range(first, data.count[i]);
  const hardest = parts.reduce((a, b) => (data.bits[b] > data.bits[a] ? b : a));
  addToken(add(tip, "div", "name"), readable(data, data.pieces[i]));
  if (parts.length === 1) {
    const facts = add(tip, "dl", "");
    addFact(facts, "Rank", `${whole(data.rank[first])} of ${whole(data.vocabulary)}`);
    addFact(facts, "Probability", percent(probability(data, first)));
    addFact(facts, "Surprise", `${bits(data.bits[first])} bits, expected ${bits(data.expected[first])}`);
  } else {
    add(tip, "div", "note", `${parts.length} tokens make up this piece:`);
    const rows = add(tip, "div", "parts");
    for (const t of parts) {
      addToken(add(rows, "span", ""), data.strings[data.own[t]]);
      add(rows, "span", "", `rank ${whole(data.rank[t])}`);
      add(rows, "span", "", percent(probability(data, t)));
      add(rows, "span", "", `${bits(data.bits[t])} bits`);
    }
  }
  if (data.per_token) describeGuesses(tip, data, hardest, parts.length > 1);
  const button = add(tip, "button", "branch", "Branch here");
  Object.assign(button, { type: "button", title: "Choose another token here, on the page Guide" });
  button.onclick = () => onBranch(data.offset + first);
}

function describeGuesses(tip, data, t, ofPart) {
  const note = add(tip, "div", "note", "The model’s first guesses");
  if (ofPart) note.append(" in place of ", addToken(document.createElement("span"), data.strings[data.own[t]]));
  note.append(" (→ the text)");
  const rows = add(tip, "div", "guesses");
  let listed = false;
  for (const j of range(t * data.per_token, data.per_token)) {
    listed ||= data.guesses[j] === data.own[t];
    addGuess(rows, data.strings[data.guesses[j]], data.guess_ppm[j] / 1e6, data.guesses[j] === data.own[t]);
  }
  if (!listed) addGuess(rows, data.strings[data.own[t]], probability(data, t), true);
}

function addGuess(rows, string, p, actual) {
  const row = add(rows, "div", actual ? "guess actual" : "guess");
  add(row, "span", "here", actual ? "→" : "");
  addToken(add(row, "span", "word"), string);
  add(add(row, "span", "bar"), "i", "").style.width = `${100 * p}%`;
  add(row, "span", "share", percent(p));
}

function spoken(data, i) {
  const name = `"${readable(data, data.pieces[i]).trim() || "space"}"`;
  const first = data.first[i], count = data.count[i];
  if (count > 1) return `${name}, ${count} tokens, ranks ${data.rank.slice(first, first + count).map(whole).join(", ")}`;
  return `${name}, rank ${whole(data.rank[first])}, ${percent(probability(data, first))}, ${bits(data.bits[first])} bits`;
}

const readable = (data, piece) => [...piece].map((c) => data.marks[c] ?? (c === "\t" ? "⇥" : c)).join("");
const probability = (data, t) => 2 ** (-data.bits[t] / 1000);
