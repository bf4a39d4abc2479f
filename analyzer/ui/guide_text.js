// The text so far, token by token in the colours of ranks, a cursor at its end, and the branches of its tree.

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".guide-text");
  if (!views.has(host)) views.set(host, createView(host));
  views.get(host).show(data, (action) => setTriggerValue("act", action));
}

function createView(host) {
  const note = add(host, "div", "note");
  const text = add(host, "div", "text");
  const panel = add(host, "div", "panel");
  const heading = add(host, "div", "heading", "Branches");
  const tree = add(host, "ul", "tree");
  let data, send, drawn = [], current, opened;

  heading.id = "branches";
  tree.setAttribute("aria-labelledby", "branches");
  text.dir = "auto";
  text.setAttribute("role", "group");
  text.setAttribute(
    "aria-label",
    "The text so far, token by token. Arrow keys move from token to token, Enter opens what can be done there.",
  );
  panel.hidden = true;
  panel.setAttribute("role", "group");
  panel.setAttribute("aria-label", "What can be done at this token");

  function show(newData, newSend) {
    data = newData;
    send = newSend;
    paint();
    drawText();
    drawTree();
  }

  function paint() {
    const [backs, inks] = data.palettes[isDark(host) ? "dark" : "light"];
    data.lines.forEach((line, step) => {
      host.style.setProperty(`--back-${step}`, backs[step]);
      host.style.setProperty(`--ink-${step}`, inks[step]);
      host.style.setProperty(`--line-${step}`, line === "none" ? "none" : `${line} 0.09em`);
    });
  }

  // The text: only what changed since the last time is drawn anew.

  function drawText() {
    note.hidden = !data.hidden;
    note.textContent = `The first ${whole(data.hidden)} tokens are not shown.`;
    const numbers = [data.before, data.hidden, ...data.tokens.map(([number]) => number)];
    let same = 0;
    while (same < numbers.length && same < drawn.length && numbers[same] === drawn[same]) same++;
    if (same < 2) {
      text.replaceChildren();
      add(text, "span", "plain").append(data.before);
      same = 2;
    }
    const kept = same - 2;
    while (text.children.length > 1 + kept) text.lastChild.remove();
    data.tokens.slice(kept).forEach((token, i) => drawToken(token, kept + i));
    const cursor = add(text, "span", data.ended ? "cursor ended" : "cursor");
    cursor.setAttribute("role", "img");
    cursor.setAttribute("aria-label", data.ended ? "end of the text" : "here the text goes on");
    drawn = numbers;
    if (!current?.isConnected) {
      close();
      const tokens = all();
      if (tokens.length) makeCurrent(tokens.at(-1));
      else current = undefined;
    }
    text.scrollTop = text.scrollHeight;
  }

  function drawToken([number, piece, step, , , , unfinished], i) {
    const token = add(text, "span", `token step-${step}`);
    token.dataset.i = i;
    token.tabIndex = -1;
    if (number <= data.start) token.classList.add("given");
    if (unfinished) add(token, "span", "mark").dataset.mark = unfinished;
    drawPiece(token, piece, data.marks);
  }

  const all = () => [...text.querySelectorAll(".token")];

  function makeCurrent(token) {
    if (current && current !== token) {
      current.tabIndex = -1;
      for (const name of ["role", "aria-label"]) current.removeAttribute(name);
    }
    current = token;
    token.tabIndex = 0;
    token.setAttribute("role", "button");
    token.setAttribute("aria-label", described(Number(token.dataset.i)));
  }

  function described(i) {
    const [, piece, , rank, logProb, who, unfinished] = data.tokens[i];
    const name = unfinished || [...piece].map((c) => (c === " " ? "␣" : data.marks[c] ?? c)).join("");
    return `“${name}”, rank ${whole(rank)}, ${percent(Math.exp(logProb))}, ${(-logProb / Math.LN2).toFixed(1)} bits, ${who}`;
  }

  text.onclick = ({ target }) => {
    const token = target.closest(".token");
    if (!token) return;
    token.focus({ preventScroll: true });
    makeCurrent(token);
    open(token);
  };

  text.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !current) return;
    const tokens = all(), i = tokens.indexOf(current);
    const forward = getComputedStyle(text).direction === "rtl" ? -1 : 1;
    const target = { ArrowRight: tokens[i + forward], ArrowLeft: tokens[i - forward], Home: tokens[0], End: tokens.at(-1) };
    if (event.key in target) {
      const token = target[event.key];
      if (token) {
        makeCurrent(token);
        token.focus();
      }
    } else if (event.key === "Enter" || event.key === " ") {
      open(current);
      panel.querySelector("button").focus();
    } else if (event.key === "Escape") close();
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  // What can be done at a token

  function open(token) {
    close();
    opened = token;
    token.classList.add("opened");
    const number = data.tokens[Number(token.dataset.i)][0];
    add(panel, "p", "", described(Number(token.dataset.i)));
    addButton("Go here", () => send({ kind: "jump", number, serial: data.serial }));
    addButton("Choose another here", () => send({ kind: "branch", number, serial: data.serial }));
    addButton("Close", () => token.focus());
    panel.hidden = false;
  }

  function addButton(label, work) {
    const button = add(panel, "button", "", label);
    button.type = "button";
    button.onclick = () => {
      work();
      close();
    };
  }

  function close() {
    opened?.classList.remove("opened");
    opened = undefined;
    panel.hidden = true;
    panel.replaceChildren();
  }

  panel.onkeydown = (event) => {
    if (event.key !== "Escape") return;
    event.stopPropagation();
    current?.focus();
    close();
  };

  // The tree

  function drawTree() {
    const focused = tree.getRootNode().activeElement?.dataset?.node;
    tree.replaceChildren();
    heading.hidden = tree.hidden = data.branches.length < 2;
    for (const branch of data.branches) {
      const row = add(tree, "li", branch.on_path ? "path" : "");
      row.style.setProperty("--depth", Math.min(branch.depth, 8));
      const button = add(row, "button", "");
      button.type = "button";
      button.dataset.node = branch.node;
      add(button, "bdi", "literal", branch.text);
      const tokens = `${whole(branch.tokens)} ${branch.tokens === 1 ? "token" : "tokens"}`;
      add(button, "span", "who", `${branch.who}, ${tokens}${branch.here ? " · you are here" : ""}`);
      if (branch.here) button.setAttribute("aria-current", "true");
      button.onclick = () => send({ kind: "jump", number: branch.node, serial: data.serial });
      if (focused === `${branch.node}`) button.focus({ preventScroll: true });
    }
    if (data.more) add(tree, "li", "more", `${whole(data.more)} more branches are not shown.`);
    const here = tree.querySelector("[aria-current]");
    if (here && !tree.hidden) tree.scrollTop = Math.max(0, here.offsetTop - tree.offsetTop - tree.clientHeight / 2);
  }

  return { show };
}
