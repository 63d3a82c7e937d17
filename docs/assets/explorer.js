// The ladder explorer. Its facts are in window.ladder (explorer-data.js); it fetches nothing and keeps the choice in the address.
(() => {
  "use strict";
  const { rungs, capabilities, questions, source, level } = window.ladder;
  const PROJECT = "my-model";
  const PACKAGE = "my_model";
  const DIMENSIONS = [...new Set(capabilities.map((capability) => capability.dimension))];
  const rungAt = (height) => rungs.find((rung) => rung.level === height);
  const defaults = { level, ...Object.fromEntries(questions.map((question) => [question.name, question.default])) };

  // --- What a choice brings: the same rule as Item.applies in levels.py ---

  const applies = (item, answers) =>
    item.when.some((choices) => Object.entries(choices).every(([key, values]) => values.includes(answers[key])));

  const named = (items, answers) => items.filter((item) => applies(item, answers)).map((item) => item.name);

  const pathOf = (name) => name.replace("src/*/", `src/${PACKAGE}/`);

  function brought(answers) {
    const kept = capabilities.filter((capability) => capability.level <= answers.level);
    const all = (part) => [...new Set(kept.flatMap((capability) => named(capability[part], answers)))];
    return { capabilities: kept, files: all("files").map(pathOf).sort(), packages: all("packages"), tools: all("tools") };
  }

  const without = (items, known) => items.filter((item) => !known.includes(item));

  // --- The choice, and the address that keeps it ---

  let chosen = { ...defaults };
  const opened = new Set(["src", `src/${PACKAGE}`]);
  const asked = (question, height = chosen.level) => question.levels.includes(height);
  const valuesOf = (name) =>
    name === "level"
      ? rungs.map((rung) => rung.level)
      : questions.find((question) => question.name === name).choices.map((choice) => choice.value);

  // A question that the level does not ask has its default, as Copier has it.
  const answers = () => {
    const set = questions.map((question) => [question.name, asked(question) ? chosen[question.name] : question.default]);
    return { level: chosen.level, ...Object.fromEntries(set) };
  };

  function readAddress() {
    const given = new URLSearchParams(location.hash.slice(1));
    const known = (name) => valuesOf(name).find((value) => String(value) === given.get(name)) ?? defaults[name];
    chosen = Object.fromEntries(Object.keys(defaults).map((name) => [name, known(name)]));
  }

  function writeAddress() {
    const kept = { level: chosen.level };
    for (const [name, value] of Object.entries(answers())) if (value !== defaults[name]) kept[name] = value;
    history.replaceState(history.state, "", `#${new URLSearchParams(kept)}`);
  }

  function copyCommand() {
    const given = [["level", chosen.level]];
    for (const question of questions.filter((question) => asked(question))) {
      const value = chosen[question.name];
      if (value !== question.default) given.push(...Object.entries(question.gives[value] ?? { [question.name]: value }));
    }
    return `uvx copier copy --defaults ${given.map((pair) => `--data ${pair.join("=")}`).join(" ")} ${source} ${PROJECT}`;
  }

  // --- Elements ---

  let ids = 0;
  const newId = () => `ladder-explorer-${(ids += 1)}`;
  const counted = (number, one, many = `${one}s`) => `${number} ${number === 1 ? one : many}`;
  const hint = (text) => make("span", { class: "unseen" }, text);

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes)) {
      if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
      else if (value !== false) element.setAttribute(name, value === true ? "" : value);
    }
    element.append(...children.filter((child) => child !== null));
    return element;
  }

  function panel(name, title, ...children) {
    const id = newId();
    return make("section", { class: `panel ${name}`, "aria-labelledby": id }, make("h2", { id }, title), ...children);
  }

  // A line to type, with a button that copies it; without the right to copy it selects the line instead.
  function commandLine(label, text) {
    const code = make("code", {}, text);
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
    const button = make("button", { type: "button", class: "small", "aria-label": `Copy: ${label}`, onclick: copy }, "Copy");
    return make("div", { class: "command" }, make("div", { class: "title" }, label, said, button), code);
  }

  // --- The controls: made once, so that the keyboard's focus stays where it is ---

  function rungButton(rung) {
    const choose = () => change("level", rung.level);
    return make(
      "button",
      { type: "button", class: "rung", "data-level": rung.level, onclick: choose },
      make("span", { class: "number" }, String(rung.level)),
      make("span", {}, make("strong", {}, rung.name), hint(". "), make("span", { class: "quiet" }, rung.pitch)),
    );
  }

  function selectFor(question) {
    const help = newId();
    const options = question.choices.map((choice) => make("option", { value: choice.value }, choice.label));
    const choose = (event) => change(question.name, event.target.value);
    const select = make("select", { name: question.name, "aria-describedby": help, onchange: choose }, ...options);
    const label = make("label", {}, make("span", { class: "title" }, question.label), select);
    return make("div", { class: "question" }, label, make("p", { id: help, class: "quiet" }, question.help));
  }

  function group(title, note, found) {
    const fields = make("div", { class: "questions" }, ...found.map(selectFor));
    return make("fieldset", {}, make("legend", {}, title), make("p", { class: "quiet note" }, note), fields);
  }

  // --- Capabilities ---

  function stateOf(capability) {
    if (capability.level <= chosen.level) return ["kept", "✓", "kept"];
    const words = `comes with level ${capability.level}`;
    return capability.level === chosen.level + 1 ? ["next", "+", words] : ["later", "·", words];
  }

  function detail(capability) {
    const files = named(capability.files, answers()).map(pathOf);
    const packages = [...named(capability.packages, answers()), ...named(capability.tools, answers())];
    const fact = (name, ...content) => make("p", { class: "quiet" }, make("strong", {}, `${name} `), ...content);
    return [
      make("p", { class: "promise" }, capability.promise),
      capability.asks ? fact("Asks of people:", capability.asks) : null,
      capability.requires.length ? fact("Stands on:", capability.requires.join(", ")) : null,
      fact("Proven by:", capability.proof),
      fact("Brings:", [counted(files.length, "file"), ...packages].join(", ")),
      make("ul", { class: "paths" }, ...files.map((path) => make("li", {}, path))),
    ].filter(Boolean);
  }

  function row(dimension) {
    const shown = make("div", { class: "detail", id: newId(), hidden: true });
    const chip = (capability) => {
      const [state, sign, words] = stateOf(capability);
      const toggle = (event) => {
        const open = event.currentTarget.getAttribute("aria-expanded") === "false";
        for (const other of event.currentTarget.closest(".row").querySelectorAll(".chip")) other.setAttribute("aria-expanded", "false");
        event.currentTarget.setAttribute("aria-expanded", String(open));
        shown.hidden = !open;
        shown.replaceChildren(make("h4", {}, `${capability.id} ${capability.name}`), ...detail(capability));
      };
      const marks = { class: `chip ${state}`, "aria-expanded": "false", "aria-controls": shown.id, "data-id": capability.id };
      const sight = make("span", { class: "sign", "aria-hidden": "true" }, sign);
      return make("li", {}, make("button", { type: "button", ...marks, onclick: toggle }, sight, capability.name, hint(`, ${words}`)));
    };
    const cell = (rung) => {
      const found = capabilities.filter((one) => one.dimension === dimension && one.level === rung.level);
      return make("ul", { class: "cell", "aria-label": `Level ${rung.level}` }, ...found.map(chip));
    };
    const title = make("h3", {}, dimension === "base" ? "the project itself" : dimension);
    return make("div", { class: "row" }, title, ...rungs.map(cell), shown);
  }

  function matrix() {
    const heads = rungs.map((rung) => make("span", { class: rung.level <= chosen.level ? "kept" : "" }, `${rung.level} ${rung.name}`));
    const table = make("div", { class: "table" }, make("div", { class: "row head", "aria-hidden": "true" }, make("span", {}), ...heads));
    table.style.setProperty("--rungs", rungs.length);
    table.append(...DIMENSIONS.map(row));
    const legend = make("p", { class: "quiet" }, "✓ kept on this rung, + comes with the next. Choose one to read its promise and where it is proven.");
    return panel("matrix", "Capabilities", legend, table);
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

  function branches(place, prefix, added) {
    const folders = [...place.folders].map(([name, inner]) => folder(name, inner, `${prefix}${name}`, added));
    const files = place.files.map((path) => {
      const isNew = added.has(path);
      const sign = isNew ? make("span", { class: "sign", "aria-hidden": "true" }, "+") : null;
      const note = isNew ? hint(`, comes with level ${chosen.level + 1}`) : null;
      return make("li", { class: isNew ? "file next" : "file", "data-path": path }, sign, path.split("/").at(-1), note);
    });
    return [...folders, ...files];
  }

  function folder(name, inner, path, added) {
    const fresh = inner.all.filter((one) => added.has(one)).length;
    const list = make("ul", { id: newId(), hidden: !opened.has(path) }, ...branches(inner, `${path}/`, added));
    const toggle = (event) => {
      list.hidden = !list.hidden;
      event.currentTarget.setAttribute("aria-expanded", String(!list.hidden));
      opened[list.hidden ? "delete" : "add"](path);
    };
    const counts = [
      inner.all.length > fresh ? make("span", { class: "count" }, hint(", "), String(inner.all.length - fresh), hint(" files")) : null,
      fresh ? make("span", { class: "count next" }, hint(", "), `+${fresh}`, hint(` with level ${chosen.level + 1}`)) : null,
    ];
    const marks = { class: "folder", "aria-expanded": String(opened.has(path)), "aria-controls": list.id, "data-folder": path };
    return make("li", {}, make("button", { type: "button", ...marks, onclick: toggle }, `${name}/`, ...counts), list);
  }

  function files(now, added) {
    const list = make("ul", { class: "tree" }, ...branches(treeOf([...now.files, ...added].sort()), "", new Set(added)));
    const all = (open) => () => {
      for (const button of list.querySelectorAll(".folder"))
        if ((button.getAttribute("aria-expanded") === "true") !== open) button.click();
    };
    const button = (text, open) => make("button", { type: "button", class: "small", onclick: all(open) }, text);
    const note = added.length ? ` and ${added.length} more (+) with level ${chosen.level + 1}.` : ".";
    const told = make("p", { class: "quiet" }, `${counted(now.files.length, "file")}${note}`);
    return panel("files", "Files", told, make("p", { class: "buttons" }, button("Open all", true), button("Close all", false)), list);
  }

  // --- Packages, and the next rung ---

  function packageList(title, names, added) {
    const entry = (name, isNew) => {
      const [, label, bounds] = name.match(/^([^<>=;]+)(.*)$/);
      const sign = isNew ? make("span", { class: "sign", "aria-hidden": "true" }, "+") : null;
      const note = isNew ? hint(`, comes with level ${chosen.level + 1}`) : null;
      const text = [make("strong", {}, label), " ", make("span", { class: "quiet" }, bounds)];
      return make("li", { class: isNew ? "next" : "", "data-package": name }, sign, ...text, note);
    };
    const entries = [...names.map((name) => entry(name, false)), ...added.map((name) => entry(name, true))];
    return make("div", {}, make("h3", {}, title), make("ul", { class: "packages" }, ...entries));
  }

  function nextRung(rung, added) {
    if (!rung) return panel("rise", "The next rung", make("p", {}, `Level ${chosen.level} is the highest rung of this release.`));
    const entry = (capability) =>
      make(
        "li",
        {},
        make("strong", {}, capability.name),
        make("span", {}, ` ${capability.promise}`),
        capability.asks ? make("span", { class: "asks" }, make("strong", {}, "Asks of people: "), capability.asks) : null,
      );
    const decisions = questions.filter((question) => asked(question, rung.level) && !asked(question));
    const decision = (question) => make("li", {}, make("strong", {}, question.label), ` ${question.help}`);
    const sizes = [
      `+${counted(added.capabilities.length, "capability", "capabilities")}`,
      `+${counted(added.files.length, "file")}`,
      `+${counted(added.packages.length + added.tools.length, "package")}`,
    ];
    return panel(
      "rise",
      `What level ${rung.level} adds`,
      make("p", {}, make("strong", {}, rung.name), `: ${rung.pitch}`),
      make("p", { class: "sizes" }, ...sizes.map((size) => make("span", {}, size))),
      commandLine("Climb", `uvx mlops-ladder climb --to ${rung.level}`),
      rung.first ? commandLine("Then run first", `uv run ${PROJECT} ${rung.first}`) : null,
      make("h3", {}, "It promises"),
      make("ul", { class: "plain" }, ...added.capabilities.map(entry)),
      decisions.length ? make("h3", {}, "It lets you choose") : null,
      decisions.length ? make("ul", { class: "plain" }, ...decisions.map(decision)) : null,
    );
  }

  // --- The page ---

  const top = make("div", { class: "outcome" });
  const results = make("div", { class: "results" });
  const ladder = make("div", { class: "ladder", role: "group", "aria-label": "Level" }, ...[...rungs].reverse().map(rungButton));
  const stack = group("Your tools", "You can change these at any time.", questions.filter((question) => question.switch));
  const birth = group("Your model", "These shape the first files, which are then yours.", questions.filter((question) => !question.switch));
  const lowest = make("p", { class: "quiet lowest" }, `Tools are chosen from level ${Math.min(...questions.filter((q) => q.switch).flatMap((q) => q.levels))} on.`);

  function showControls() {
    for (const button of ladder.children) {
      const height = Number(button.dataset.level);
      button.setAttribute("aria-pressed", String(height === chosen.level));
      button.classList.toggle("climbed", height <= chosen.level);
    }
    for (const question of questions) {
      const select = host.querySelector(`select[name="${question.name}"]`);
      select.value = answers()[question.name];
      select.closest(".question").hidden = !asked(question);
    }
    stack.hidden = !questions.some((question) => question.switch && asked(question));
    lowest.hidden = !stack.hidden;
  }

  function show() {
    const now = brought(answers());
    const rung = rungAt(chosen.level + 1);
    const then = rung ? brought({ ...answers(), level: rung.level }) : now;
    const added = Object.fromEntries(Object.keys(now).map((part) => [part, without(then[part], now[part])]));
    showControls();
    const sizes = [
      [now.capabilities.length, "capabilities"],
      [now.files.length, "files"],
      [now.packages.length + now.tools.length, "packages"],
    ];
    const size = ([number, unit]) => make("span", {}, make("strong", {}, String(number)), ` ${unit}`);
    top.replaceChildren(
      make("p", { class: "where" }, `Level ${chosen.level}: `, make("strong", {}, rungAt(chosen.level).name)),
      make("p", { class: "sizes", role: "status" }, ...sizes.map(size)),
      commandLine("Make this project", copyCommand()),
      source === "<url>" ? make("p", { class: "quiet" }, "<url> is the address of the template's repository.") : "",
    );
    const model = packageList("to run the model", now.packages, added.packages);
    const work = packageList("to work on it", now.tools, added.tools);
    const columns = make("div", { class: "columns" }, files(now, added.files), nextRung(rung, added));
    const both = make("div", { class: "columns" }, model, work);
    results.replaceChildren(matrix(), columns, panel("needs", "Packages", both));
  }

  function change(name, value) {
    chosen[name] = value;
    writeAddress();
    show();
  }

  function followAddress() {
    // A heading's anchor is not a choice.
    if (location.hash && !location.hash.includes("=")) return;
    readAddress();
    show();
  }

  const host = document.getElementById("ladder-explorer");
  host.replaceChildren(make("div", { class: "top" }, ladder, top), stack, lowest, birth, results);
  addEventListener("hashchange", followAddress);
  show();
  followAddress();
})();
