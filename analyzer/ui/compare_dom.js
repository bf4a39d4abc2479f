// What the views of the page Compare share; put before each of them. A view is a text made of items that can be pointed
// at, a line that tells of one of them, and tables whose rows lead to their place in the text. Text is hostile: it
// enters the page through text nodes and attributes only, never as markup.

const views = new WeakMap();

// `kind` has a name for screen readers (label), draws the text and tells of an item: draw, tell, name.
function open({ data, parentElement, setTriggerValue }, kind) {
  const host = parentElement.querySelector(".compare");
  if (!views.has(host)) views.set(host, createView(host, kind));
  views.get(host).show(data, (place) => setTriggerValue("go", place));
}

function createView(host, kind) {
  const legend = add(host, "ul", "legend");
  const layout = add(host, "div", "layout");
  const main = add(layout, "div", "main");
  const told = add(main, "div", "told");
  const text = add(main, "div", "text");
  const tables = add(layout, "div", "tables");
  let data, go, drawn, arrived, current;

  legend.setAttribute("aria-label", "Legend");
  text.setAttribute("role", "group");
  text.setAttribute("aria-label", kind.label);

  function show(newData, newGo) {
    data = newData;
    go = newGo;
    const { goal, ...rest } = data, signature = JSON.stringify(rest);
    if (data.palettes) paint();
    if (signature !== drawn) {
      drawn = signature;
      legend.replaceChildren();
      data.legend.forEach(([className, label]) => {
        const entry = add(legend, "li", "");
        add(entry, "span", className, kind.sample?.[className] ?? "").setAttribute("aria-hidden", "true");
        entry.append(label);
      });
      const drawing = document.createDocumentFragment();
      kind.draw(drawing, data);
      text.replaceChildren(drawing);
      text.scrollTop = 0;
      current = undefined;
      makeCurrent(stops()[0]);
      tell(undefined);
      tables.replaceChildren();
      data.tables.forEach(drawTable);
    }
    if (goal && goal.serial !== arrived) {
      arrived = goal.serial;
      lead(goal.from, goal.to);
    }
  }

  function paint() {
    const [backs, inks] = data.palettes[isDark(host) ? "dark" : "light"];
    data.lines.forEach((line, step) => {
      host.style.setProperty(`--back-${step}`, backs[step]);
      host.style.setProperty(`--ink-${step}`, inks[step]);
      host.style.setProperty(`--line-${step}`, line === "none" ? "none" : `${line} 0.09em`);
    });
  }

  // Items: one is in the tab order and has a name; of several elements of one item, the first.

  const stops = () => [...text.querySelectorAll(".item:not(.twin)")];

  function makeCurrent(item) {
    if (current && current !== item) {
      current.tabIndex = -1;
      for (const name of ["role", "aria-label"]) current.removeAttribute(name);
    }
    current = item;
    if (!item) return;
    item.tabIndex = 0;
    item.setAttribute("role", "button");
    item.setAttribute("aria-label", kind.name(data, Number(item.dataset.i)));
  }

  function tell(item) {
    told.replaceChildren();
    for (const one of text.querySelectorAll(".shown")) one.classList.remove("shown");
    if (!item) return told.append(data.hint);
    for (const one of text.querySelectorAll(`[data-i="${item.dataset.i}"]`)) one.classList.add("shown");
    kind.tell(told, data, Number(item.dataset.i));
  }

  text.onpointermove = ({ target, pointerType }) => {
    const item = target.closest(".item");
    if (pointerType !== "touch" && item && !item.matches(".shown")) tell(item);
  };
  text.onclick = ({ target }) => {
    const item = target.closest(".item");
    if (!item) return;
    makeCurrent(stops().find((one) => one.dataset.i === item.dataset.i));
    current.focus({ preventScroll: true });
    tell(current);
  };
  text.addEventListener("focusin", ({ target }) => {
    if (!target.matches(".item")) return;
    makeCurrent(target);
    tell(target);
  });

  text.onkeydown = (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !current) return;
    if (event.key === "Escape") {
      for (const one of text.querySelectorAll(".marked")) one.classList.remove("marked");
      return tell(undefined);
    }
    const all = stops(), at = all.indexOf(current);
    const forward = getComputedStyle(text).direction === "rtl" ? -1 : 1;
    const target = {
      ArrowRight: () => all[at + forward],
      ArrowLeft: () => all[at - forward],
      ArrowDown: () => onNextLine(all, at, 1),
      ArrowUp: () => onNextLine(all, at, -1),
      Home: () => all[0],
      End: () => all.at(-1),
    }[event.key];
    if (!target) return;
    event.preventDefault();
    const item = target();
    if (!item) return;
    item.focus({ preventScroll: true });
    reveal(item, "nearest");
  };

  // Tables

  function drawTable({ title, about, columns, rows }) {
    const table = add(tables, "table", "");
    const caption = add(table, "caption", "");
    add(caption, "strong", "", title);
    add(caption, "span", "about", about);
    if (!rows.length) return add(add(add(table, "tbody", ""), "tr", ""), "td", "", "None.");
    const head = add(add(table, "thead", ""), "tr", "");
    columns.forEach((name, i) => {
      add(head, "th", rows[0].cells[i].foreign ? "foreign" : "number", name).scope = "col";
    });
    const body = add(table, "tbody", "");
    for (const row of rows) {
      const line = add(body, "tr", "");
      row.cells.forEach((cell, i) => {
        const place = add(line, "td", cell.foreign ? "foreign" : "number");
        const holder = i ? place : Object.assign(add(place, "button", ""), { type: "button" });
        add(holder, "bdi", "literal", cell.text);
      });
      line.onclick = () => {
        for (const one of tables.querySelectorAll("[aria-current]")) one.removeAttribute("aria-current");
        line.querySelector("button").setAttribute("aria-current", "location");
        if (data.from <= row.from && row.from < data.to) lead(row.from, row.to);
        else go(row.from);
      };
    }
  }

  // Mark all items from one place to another, and bring the first of them into sight.
  function lead(from, to) {
    let first;
    for (const item of text.querySelectorAll(".item")) {
      const mine = Number(item.dataset.from) < to && Number(item.dataset.to) > from;
      item.classList.toggle("marked", mine);
      if (mine) first ??= item;
    }
    if (!first) return;
    makeCurrent(stops().find((one) => one.dataset.i === first.dataset.i));
    tell(first);
    reveal(first, "center");
  }

  // First within the text's own box, then the box itself, as far as needed.
  function reveal(item, block) {
    const box = text.getBoundingClientRect(), at = item.getBoundingClientRect();
    if (block === "center") text.scrollTop += at.top - box.top - (text.clientHeight - at.height) / 2;
    else if (at.top < box.top) text.scrollTop += at.top - box.top - 8;
    else if (at.bottom > box.bottom) text.scrollTop += at.bottom - box.bottom + 8;
    item.scrollIntoView({ block: "nearest" });
  }

  return { show };
}

function addItem(parent, tag, className, i, from, to) {
  const item = add(parent, tag, `item ${className}`);
  Object.assign(item.dataset, { i, from, to });
  item.tabIndex = -1;
  return item;
}
