// A text coloured by how differently two models read each word.

export default (component) =>
  open(component, {
    label: "Your text, word by word, as two models read it. Arrow keys move from word to word, Escape takes marks away.",
    draw,
    tell: (told, { words }, i) => {
      add(told, "bdi", "literal", words[i].said);
      told.append(` · ${words[i].numbers}`);
    },
    name: ({ words }, i) => `“${words[i].said}”, ${words[i].numbers}`,
  });

function draw(text, { words, marks }) {
  text = add(text, "div", "words");
  text.dir = "auto";
  words.forEach(({ text: piece, step, from, to }, i) => {
    // The space before a word is not coloured, unless there is nothing else.
    const space = piece.trim() ? piece.length - piece.trimStart().length : 0;
    drawPiece(text, piece.slice(0, space), marks);
    drawPiece(addItem(text, "span", step === null ? "word" : `word step-${step}`, i, from, to), piece.slice(space), marks);
  });
}
