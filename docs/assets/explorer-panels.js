// The panels that show a choice: capabilities, files, packages and the next rung. Each is made anew from a view (explorer-choice.js).
window.ladderPanels = (() => {
  "use strict";
  const { rungs, capabilities, questions, source } = window.ladder;
  const { make, button, hint, sign, newId, counted, panel, commandLine } = window.ladderElements;
  const { PROJECT, PACKAGE, asked, named } = window.ladderChoice;
  const DIMENSIONS = [...new Set(capabilities.map((capability) => capability.dimension))];
  const opened = new Set(["src", `src/${PACKAGE}`]);

  const explained = {}; // the capability of a dimension whose promise is shown

  // --- Capabilities: a dimension a row, a level a column ---

  function stateOf(capability, level) {
    if (capability.level <= level) return { state: "kept", symbol: "✓", words: "kept" };
    const words = `comes with level ${capability.level}`;
    return capability.level === level + 1 ? { state: "next", symbol: "+", words } : { state: "later", symbol: "·", words };
  }

  function detail(capability, answers) {
    const files = named(capability.files, answers);
    const packages = [...named(capability.packages, answers), ...named(capability.tools, answers)];
    const fact = (name, text) => make("p", { class: "quiet" }, make("strong", {}, `${name} `), text);
    return [
      make("h4", {}, `${capability.id} ${capability.name}`),
      make("p", { class: "promise" }, capability.promise),
      ...(capability.asks ? [fact("Asks of people:", capability.asks)] : []),
      ...(capability.requires.length ? [fact("Stands on:", capability.requires.join(", "))] : []),
      fact("Proven by:", capability.proof),
      fact("Brings:", [counted(files.length, "file"), ...packages].join(", ")),
      make("ul", { class: "paths" }, ...files.map((path) => make("li", {}, path))),
    ];
  }

  function chip(capability, level, shown, choose) {
    const { state, symbol, words } = stateOf(capability, level);
    const marks = { class: `chip ${state}`, "data-id": capability.id, "aria-controls": shown.id, onclick: choose };
    const height = make("span", { class: "height", "aria-hidden": "true" }, `level ${capability.level}`);
    return button(marks, sign(symbol), capability.name, hint(` (${words})`), height);
  }

  function row(dimension, view) {
    const shown = make("div", { class: "detail", id: newId() });
    const found = capabilities.filter((one) => one.dimension === dimension);
    const choose = (one) => () => explain(explained[dimension] === one ? null : one);
    const chips = new Map(found.map((one) => [one, chip(one, view.level, shown, choose(one))]));
    const explain = (one) => {
      explained[dimension] = one;
      for (const [other, made] of chips) made.setAttribute("aria-expanded", String(other === one));
      shown.hidden = !one;
      shown.replaceChildren(...(one ? detail(one, view.answers) : []));
    };
    const cells = rungs.map(({ level }) => {
      const here = found.filter((one) => one.level === level).map((one) => make("li", {}, chips.get(one)));
      return make("ul", { class: "cell", "aria-label": `Level ${level}` }, ...here);
    });
    explain(explained[dimension]);
    return make("div", { class: "row" }, make("h3", {}, dimension === "base" ? "foundation" : dimension), ...cells, shown);
  }

  function matrix(view) {
    const heads = rungs.map((rung) => make("span", { class: rung.level <= view.level ? "kept" : "" }, `${rung.level} ${rung.name}`));
    const head = make("div", { class: "row head", "aria-hidden": "true" }, make("span", {}), ...heads);
    const rows = make("div", {}, head, ...DIMENSIONS.map((dimension) => row(dimension, view)));
    rows.style.setProperty("--rungs", rungs.length);
    const legend = "✓ kept on this rung, + comes with the next. Choose one to read its promise and where it is proven.";
    return panel("matrix", "Capabilities", make("p", { class: "quiet" }, legend), rows);
  }

  // --- Files ---

  function treeOf(paths) {
    const root = { folders: new Map(), files: [], all: [] };
    for (const path of paths) {
      let place = root;
      for (const part of path.split("/").slice(0, -1)) {
        if (!place.folders.has(part)) place.folders.set(part, { folders: new Map(), files: [], all: [] });
        place = place.folders.get(part);
        place.all.push(path);
      }
      place.files.push(path);
    }
    return root;
  }

  function branches(place, prefix, view) {
    const folders = [...place.folders].map(([name, inner]) => folder(name, inner, `${prefix}${name}`, view));
    const files = place.files.map((path) => {
      const fresh = view.added.files.includes(path);
      const name = path.slice(prefix.length);
      if (!fresh) return make("li", { class: "file", "data-path": path }, name);
      const words = hint(` (comes with level ${view.next.level})`);
      return make("li", { class: "file next", "data-path": path }, sign("+"), name, words);
    });
    return [...folders, ...files];
  }

  function folder(name, inner, path, view) {
    const fresh = inner.all.filter((one) => view.added.files.includes(one)).length;
    const old = inner.all.length - fresh;
    const list = make("ul", { id: newId(), hidden: !opened.has(path) }, ...branches(inner, `${path}/`, view));
    const toggle = ({ currentTarget }) => {
      list.hidden = !list.hidden;
      currentTarget.setAttribute("aria-expanded", String(!list.hidden));
      opened[list.hidden ? "delete" : "add"](path);
    };
    const counts = [
      old ? make("span", { class: "count" }, String(old), hint(old === 1 ? " file" : " files")) : null,
      fresh ? make("span", { class: "count next" }, `+${fresh}`, hint(` with level ${view.next.level}`)) : null,
    ];
    const marks = { class: "folder", "aria-expanded": String(opened.has(path)), "aria-controls": list.id, onclick: toggle };
    return make("li", {}, button(marks, `${name}/ `, ...counts), list);
  }

  function files(view) {
    const { now, added, next } = view;
    const list = make("ul", { class: "tree" }, ...branches(treeOf([...now.files, ...added.files].sort()), "", view));
    const all = (open) => () => {
      for (const one of list.querySelectorAll(`.folder[aria-expanded="${!open}"]`)) one.click();
    };
    const buttons = [button({ class: "small", onclick: all(true) }, "Open all"), button({ class: "small", onclick: all(false) }, "Close all")];
    const told = `${counted(now.files.length, "file")}${added.files.length ? ` and ${added.files.length} more (+) with level ${next.level}` : ""}.`;
    return panel("files", "Files", make("p", { class: "quiet" }, told), make("p", { class: "buttons" }, ...buttons), list);
  }

  // --- Packages, and the next rung ---

  function packageList(title, names, added, next) {
    const entry = (name) => {
      const [, label, bounds] = name.match(/^([^<>=;]+)(.*)$/);
      const text = [make("strong", {}, label), " ", make("span", { class: "quiet" }, bounds)];
      if (!added.includes(name)) return make("li", { "data-package": name }, ...text);
      return make("li", { class: "next", "data-package": name }, sign("+"), ...text, hint(` (comes with level ${next.level})`));
    };
    return [make("h3", {}, title), make("ul", { class: "packages" }, ...[...names, ...added].map(entry))];
  }

  function packages({ now, added, next }) {
    const model = packageList("To run the model", now.packages, added.packages, next);
    const work = packageList("To work on it", now.tools, added.tools, next);
    return panel("needs", "Packages", ...model, ...work);
  }

  function sentence(name, text, asks) {
    const note = asks ? make("span", { class: "asks" }, make("strong", {}, "Asks of people: "), asks) : null;
    return make("li", {}, make("strong", {}, name), ` ${text}`, note);
  }

  function nextRung({ level, next, added }) {
    if (!next) return panel("rise", "The next rung", make("p", {}, `Level ${level} is the highest rung of this release.`));
    const decisions = questions.filter((question) => asked(question, next.level) && !asked(question, level));
    const sizes = [
      counted(added.capabilities.length, "capability", "capabilities"),
      counted(added.files.length, "file"),
      counted(added.packages.length + added.tools.length, "package"),
    ];
    return panel(
      "rise",
      `What level ${next.level} adds`,
      make("p", {}, make("strong", {}, `${next.name}.`), ` ${next.pitch}`),
      make("p", { class: "sizes" }, ...sizes.map((size) => make("span", {}, `+${size}`))),
      commandLine("Climb", `uvx --from git+${source} mlops-ladder climb --to ${next.level}`),
      next.first ? commandLine("Then run first", `uv run ${PROJECT} ${next.first}`) : null,
      make("h3", {}, "It promises"),
      make("ul", { class: "plain" }, ...added.capabilities.map((one) => sentence(one.name, one.promise, one.asks))),
      decisions.length ? make("h3", {}, "It lets you choose") : null,
      decisions.length ? make("ul", { class: "plain" }, ...decisions.map((one) => sentence(one.label, one.help))) : null,
    );
  }

  return { matrix, files, packages, nextRung };
})();
