// The writer's tokens over the model's first choices: cells of two lines that wrap as a text does, and a bar hanging
// under each as long as many bits were given up.

export default (component) =>
  open(component, {
    label:
      "Your text, token by token, over the model’s first choices. Arrow keys move from token to token, Escape takes " +
      "marks away.",
    sample: { ditto: DITTO },
    draw,
    tell: (told, { cells }, i) => {
      const { said, instead } = cells[i];
      add(told, "bdi", "literal", said);
      if (instead !== null) {
        told.append(cells[i].same ? " · the model’s first choice, too" : " · the model’s first choice: ");
        if (!cells[i].same) add(told, "bdi", "literal", instead);
      }
      told.append(` · ${cells[i].numbers}`);
    },
    name: (_, i) => name(_.cells[i]),
  });

const DITTO = "″";

function draw(text, { cells, marks }) {
  text = add(text, "div", "cells");
  text.dir = "auto";
  cells.forEach((cell, i) => {
    const behind = document.createDocumentFragment();
    const item = addItem(text, "span", cell.scored ? "cell" : "cell unscored", i, cell.from, cell.to);
    const mine = add(item, "span", "mine");
    if (cell.text) drawPiece(mine, cell.text, marks, behind);
    else add(mine, "span", "bytes", cell.said).setAttribute("aria-hidden", "true");
    const theirs = add(item, "span", cell.same ? "theirs ditto" : "theirs", cell.same ? DITTO : cell.theirs);
    theirs.setAttribute("aria-hidden", "true");
    if (cell.bar) add(item, "i", "bar").style.setProperty("--bits", cell.bar);
    if (behind.childNodes.length) add(text, "span", "ends").append(behind);
  });
}

function name({ said, same, instead, numbers }) {
  const choice = instead === null ? "" : same ? "the model’s first choice, " : `the model: “${instead}”, `;
  return `“${said}”, ${choice}${numbers}`;
}
