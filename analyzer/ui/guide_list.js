// What may come next, as a list box: one stop of the Tab key, a row for each candidate, and keys that act only while
// the list has the focus. The list itself keeps the focus, so it stays there when the rows change after a pick.

const views = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const host = parentElement.querySelector(".guide-list");
  if (!views.has(host)) views.set(host, createView(host));
  views.get(host).show(data, (action) => setTriggerValue("act", action));
}

function createView(host) {
  const head = add(host, "div", "row head");
  const list = add(host, "div", "list");
  const rest = add(host, "div", "row rest");
  const legend = add(host, "p", "legend");
  const keys = add(host, "div", "keys");
  let data, send, place, at = 0, sent, since, waiting = [];

  head.setAttribute("aria-hidden", "true");
  list.tabIndex = 0;
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", "What may come next");
  list.setAttribute("aria-describedby", "keys");
  keys.id = "keys";
  add(keys, "p", "short", "↑ ↓ move · Enter or 1–9 pick · Backspace undo · space draw · a run · Esc stop · / search · ? help");
  const more = add(keys, "dl", "more");
  for (const [key, meaning] of [
    ["↑ ↓ Home End", "move in the list"],
    ["Enter", "go on with this token"],
    ["1 to 9", "go on with the token of this number"],
    ["Backspace", "take the last token back; its branch is kept"],
    ["space", "let the sampler draw one token"],
    ["a", "let the sampler draw as many as the field says"],
    ["Esc", "stop drawing"],
    ["/", "search for a word"],
    ["?", "hide this help"],
  ]) {
    add(more, "dt", "", key);
    add(more, "dd", "", meaning);
  }
  more.hidden = true;

  add(legend, "i", "model");
  legend.append(" the model’s probability ");
  add(legend, "i", "offered");
  legend.append(" offered by the sampler ");
  add(legend, "span", "effect", "· effect: change in the log-odds that a machine wrote the text");

  function show(newData, newSend) {
    send = newSend;
    data = newData;
    if (data.place !== place) at = 0;
    place = data.place;
    if (data.serial !== sent) sent = undefined; // what was asked for last has been dealt with
    host.classList.toggle("effects", data.calibrated);
    draw();
    while (sent === undefined && waiting.length) act(waiting.shift());
  }

  // One action at a time. Before its answer is there, keys that depend on the list do nothing, as the list is about to
  // change; undoing and drawing are kept for later.
  function act(action) {
    const stop = action.kind === "stop";
    const busy = sent !== undefined && performance.now() - since < 10_000;
    if (!stop && (busy || data.running)) {
      if (busy && ["undo", "sample"].includes(action.kind)) waiting.push(action);
      return;
    }
    if (stop) waiting = [];
    sent = data.serial;
    since = performance.now();
    list.setAttribute("aria-busy", "true");
    send({ ...action, serial: data.serial });
  }

  // Drawing

  function draw() {
    list.removeAttribute("aria-busy");
    head.replaceChildren();
    for (const [name, label] of [
      ["n", ""], ["token", "token"], ["bars", ""], ["p", "model"], ["o", "offered"], ["sum", "sum"],
      ["rank", "rank"], ["id", "id"], ["effect", "effect"],
    ]) add(head, "span", name, label);
    const drawing = document.createDocumentFragment();
    data.rows.forEach((row, i) => drawRow(add(drawing, "div", "row option"), row, i));
    list.replaceChildren(drawing);
    rest.replaceChildren();
    rest.hidden = !data.others;
    if (data.others) {
      add(rest, "span", "token", `all others: ${whole(data.others.count)} tokens`);
      addShare(rest, "p", data.others.p);
      addShare(rest, "o", data.others.offered);
    }
    showEffects();
    mark();
  }

  function drawRow(option, row, i) {
    const out = row.offered === 0;
    option.id = `row-${i}`;
    option.dataset.i = i;
    option.setAttribute("role", "option");
    option.classList.toggle("out", out);
    add(option, "span", "n", i < 9 ? `${i + 1}` : "");
    const token = add(option, "span", "token");
    if (row.text) add(token, "bdi", "literal", row.text);
    if (row.kind !== "text") add(token, "span", "kind", row.kind);
    drawBars(option, row.p, row.offered);
    addShare(option, "p", row.p);
    if (out) add(option, "span", "o", "filtered out");
    else addShare(option, "o", row.offered);
    addShare(option, "sum", row.sum).dataset.label = "sum";
    add(option, "span", "rank", whole(row.rank)).dataset.label = "rank";
    add(option, "span", "id", `${row.token}`).dataset.label = "id";
    add(option, "span", "effect", data.calibrated ? "…" : "");
    name(option, row);
  }

  function drawBars(row, p, offered) {
    const bars = add(row, "span", "bars");
    add(bars, "i", "model").style.width = `${100 * p}%`;
    add(bars, "i", "offered").style.width = `${100 * offered}%`;
  }

  // Two digits are enough to see; the rest is in the title.
  function addShare(row, name, p) {
    const cell = add(row, "span", name, p > 0 && p < 0.0001 ? "<0.01 %" : percent(p, "0 %"));
    cell.title = percent(p, "0 %");
    return cell;
  }

  // The effects come later, from a component of their own: they cost a step of the model, and the list does not wait.
  function showEffects() {
    const effects = window.guideEffects;
    if (!data?.calibrated || effects?.place !== data.place) return;
    data.rows.forEach((row, i) => {
      const option = list.children[i], value = effects.of[row.token];
      if (!option || value === undefined) return;
      const cell = option.querySelector(".effect");
      cell.replaceChildren();
      if (value === null) cell.textContent = "–";
      else if (Math.abs(value) < 0.005) cell.textContent = "none";
      else {
        add(cell, "span", value > 0 ? "machine" : "person", value > 0 ? "machine" : "person");
        cell.append(` ${signed(value)}`);
      }
      name(option, row, value);
    });
  }

  const listen = () => {
    if (host.isConnected) showEffects();
    else window.removeEventListener("guide-effects", listen);
  };
  window.addEventListener("guide-effects", listen);

  function name(option, row, effect) {
    const parts = row.text ? [`“${row.text}”`] : [];
    if (row.kind !== "text") parts.push(row.kind);
    parts.push(`probability ${percent(row.p, "0 %")}`, `rank ${whole(row.rank)}`);
    parts.push(row.offered === 0 ? "filtered out" : `offered ${percent(row.offered)}`);
    if (effect) parts.push(`${signed(effect)} towards a ${effect > 0 ? "machine" : "person"}`);
    option.setAttribute("aria-label", parts.join(", "));
  }

  function mark() {
    at = Math.max(0, Math.min(at, data.rows.length - 1));
    [...list.children].forEach((option, i) => option.setAttribute("aria-selected", `${i === at}`));
    if (data.rows.length) list.setAttribute("aria-activedescendant", `row-${at}`);
    else list.removeAttribute("aria-activedescendant");
  }

  // Acting

  function pick(i) {
    const row = data.rows[i];
    if (row && !data.running) act({ kind: "pick", number: row.token });
  }

  list.onclick = ({ target }) => {
    const option = target.closest(".option");
    if (!option) return;
    at = Number(option.dataset.i);
    mark();
    pick(at);
  };

  list.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = (to) => () => {
      at = to;
      mark();
      list.children[at]?.scrollIntoView({ block: "nearest" });
    };
    const doing = {
      ArrowDown: move(at + 1),
      ArrowUp: move(at - 1),
      Home: move(0),
      End: move(data.rows.length - 1),
      Enter: () => event.repeat || pick(at),
      Backspace: () => act({ kind: "undo" }),
      " ": () => act({ kind: "sample" }),
      a: () => event.repeat || act({ kind: "run" }),
      Escape: () => act({ kind: "stop" }),
      "/": () => document.querySelector(".st-key-guide-find input")?.focus(),
      "?": () => (more.hidden = !more.hidden),
    }[event.key];
    if (doing) doing();
    else if (/^[1-9]$/.test(event.key) && !event.repeat) pick(Number(event.key) - 1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  return { show };
}

const signed = (value) => (value > 0 ? "+" : "−") + Math.abs(value).toFixed(2);
