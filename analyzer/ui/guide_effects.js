// Hands the effects of the candidates to the list (guide_list.js), which was drawn before they were known.

export default function ({ data }) {
  window.guideEffects = data;
  window.dispatchEvent(new Event("guide-effects"));
}
