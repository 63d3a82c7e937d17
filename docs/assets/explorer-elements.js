// The elements that the ladder explorer's page is made of.
window.ladderElements = (() => {
  "use strict";

  let ids = 0;
  const newId = () => `explorer-app-${(ids += 1)}`;

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  const button = (attributes, ...children) => make("button", { type: "button", ...attributes }, ...children);
  const hint = (text) => make("span", { class: "unseen" }, text);
  const sign = (text) => make("span", { class: "sign", "aria-hidden": "true" }, text);
  const counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;

  function panel(name, title, ...children) {
    const id = newId();
    return make("section", { class: `panel ${name}`, "aria-labelledby": id }, make("h2", { id }, title), ...children);
  }

  // A line to type, with a button that copies it; without the right to copy it selects the line instead.
  function commandLine(label, text) {
    // Words stay whole, so that a line does not break at a hyphen.
    const code = make("code", {}, ...text.split(" ").flatMap((word) => [make("span", {}, word), " "]).slice(0, -1));
    const said = make("span", { class: "said", role: "status" });
    const copy = async () => {
      try {
        await navigator.clipboard.writeText(text);
        said.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(code);
        said.textContent = "Selected: now copy it";
      }
    };
    const copier = button({ class: "small", "aria-label": `Copy: ${label}`, onclick: copy }, "Copy");
    return make("div", { class: "command" }, make("div", { class: "title" }, label, said, copier), code);
  }

  return { make, button, hint, sign, newId, counted, panel, commandLine };
})();
