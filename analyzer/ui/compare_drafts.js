// Two drafts, one beside the other, in rows that begin at the same place of both; each change leads to what it did.

export default (component) =>
  open(component, {
    label: "The two drafts, row by row. Arrow keys move from change to change, Escape takes marks away.",
    draw,
    tell: (told, { changes }, i) => {
      const { kind, before, after, did } = changes[i];
      add(told, "strong", "", kind);
      for (const [name, piece] of [["gone", before], ["come", after]]) {
        if (!piece) continue;
        told.append(" ");
        add(told, "bdi", `literal ${name}`, piece);
      }
      told.append(` · ${did}`);
    },
    name: ({ changes }, i) => {
      const { kind, before, after, did } = changes[i];
      return `${kind} ${[before, after].filter(Boolean).map((piece) => `“${piece}”`).join(" by ")}: ${did}`;
    },
  });

function draw(text, { rows, changes, marks }) {
  const heads = add(text, "div", "pair heads");
  for (const side of ["Earlier draft", "Later draft"]) add(heads, "div", "side", side);
  const stayed = { ...marks, "\n": undefined }; // a line end that stayed is seen by its line
  for (const row of rows) {
    const same = row.every(([kind]) => kind === "unchanged");
    const pair = add(text, "div", same ? "pair same" : "pair");
    for (const side of [0, 1]) {
      const cell = add(pair, "div", "side");
      cell.dir = "auto";
      cell.dataset.side = side ? "later" : "earlier";
      for (const [kind, before, after, i] of row) {
        const piece = side ? after : before;
        if (!piece) continue;
        if (kind === "unchanged") {
          drawPiece(add(cell, "span", ""), piece, stayed);
          continue;
        }
        // The space before both is no part of what changed.
        const space = before && after ? piece.length - piece.trimStart().length : 0;
        const shared = before.slice(0, space) === after.slice(0, space) ? space : 0;
        cell.append(piece.slice(0, shared));
        const change = addItem(cell, side ? "ins" : "del", kind, i, changes[i].number, changes[i].number + 1);
        if (side && before) change.classList.add("twin");
        drawPiece(change, piece.slice(shared), marks);
        if (side || !after) add(cell, "span", "effect").dataset.bits = changes[i].effect;
      }
    }
  }
}
