// The ladder explorer's page: the controls, and what happens when one is used. It fetches nothing and keeps the choice in the address.
(() => {
  "use strict";
  const { rungs, questions, source } = window.ladder;
  const { asked, viewOf, fromAddress, toAddress, copyCommand } = window.ladderChoice;
  const { make, button, hint, newId, commandLine } = window.ladderElements;
  const { matrix, files, packages, nextRung } = window.ladderPanels;
  const tools = questions.filter((question) => question.switch);
  const others = questions.filter((question) => !question.switch);
  let chosen = fromAddress(location.hash.slice(1));

  // --- The controls: made once, so that the keyboard's focus stays where it is ---

  function rungButton(rung) {
    const words = make("span", {}, make("strong", {}, rung.name), hint(". "), make("span", { class: "quiet" }, rung.pitch));
    const choose = () => change("level", rung.level);
    return button({ class: "rung", "data-level": rung.level, onclick: choose }, make("span", { class: "number" }, String(rung.level)), words);
  }

  function selectFor(question) {
    const help = newId();
    const options = question.choices.map((choice) => make("option", { value: choice.value }, choice.label));
    const choose = (event) => change(question.name, event.target.value);
    const marks = { id: newId(), name: question.name, "aria-describedby": help, onchange: choose };
    const label = make("label", { class: "title", for: marks.id }, question.label);
    return make("div", { class: "question" }, label, make("select", marks, ...options), make("p", { id: help, class: "quiet" }, question.help));
  }

  const fields = (found) => make("div", { class: "questions" }, ...found.map(selectFor));

  const ladder = make("div", { class: "ladder", role: "group", "aria-label": "Level" }, ...[...rungs].reverse().map(rungButton));
  const outcome = make("div", { class: "outcome" });
  const toolFields = fields(tools);
  const toolNote = make("p", { class: "quiet" });
  const otherFields = fields(others);
  otherFields.id = newId();
  otherFields.hidden = others.every((question) => chosen[question.name] === question.default);
  const toggle = button({ class: "more", "aria-controls": otherFields.id, onclick: showOthers }, "Your model");
  const controls = [
    make("fieldset", {}, make("legend", {}, "Your tools"), toolNote, toolFields),
    make("fieldset", {}, make("legend", {}, toggle), make("p", { class: "quiet" }, othersNote()), otherFields),
  ];
  const results = make("div", { class: "results" });

  function othersNote() {
    const names = others.map((question) => question.label.replace(/^[A-Z](?![A-Z])/, (letter) => letter.toLowerCase()));
    return `They shape the first files, which are then yours: ${names.join(", ")}.`;
  }

  function showOthers() {
    otherFields.hidden = !otherFields.hidden;
    toggle.setAttribute("aria-expanded", String(!otherFields.hidden));
  }

  // --- What a change does ---

  function showControls({ answers, level }) {
    for (const rung of ladder.children) {
      rung.setAttribute("aria-pressed", String(Number(rung.dataset.level) === level));
      rung.classList.toggle("climbed", Number(rung.dataset.level) <= level);
    }
    for (const question of questions) {
      const select = host.querySelector(`select[name="${question.name}"]`);
      select.value = answers[question.name];
      select.closest(".question").hidden = !asked(question, level);
    }
    const first = Math.min(...tools.flatMap((question) => question.levels));
    toolNote.textContent = level < first ? `There is nothing to choose before level ${first}.` : "You can change these at any time.";
  }

  function showOutcome({ answers, level, rung, now }) {
    const sizes = { capabilities: now.capabilities.length, files: now.files.length, packages: now.packages.length + now.tools.length };
    const size = ([unit, number]) => make("span", {}, make("strong", {}, String(number)), ` ${unit}`);
    outcome.replaceChildren(
      make("p", { class: "where" }, `Level ${level}: `, make("strong", {}, rung.name)),
      make("p", { class: "sizes" }, ...Object.entries(sizes).map(size)),
      commandLine("Make this project", copyCommand(answers)),
      source === "<url>" ? make("p", { class: "quiet" }, "<url> is the address of the template's repository.") : "",
    );
  }

  function show() {
    const view = viewOf(chosen);
    showControls(view);
    showOutcome(view);
    const columns = make("div", { class: "columns" }, make("div", {}, files(view)), make("div", {}, nextRung(view), packages(view)));
    results.replaceChildren(matrix(view), columns);
    spoken.textContent = `Level ${view.level}: ${view.now.files.length} files`;
    return view;
  }

  function change(name, value) {
    chosen[name] = value;
    history.replaceState(history.state, "", `#${toAddress(show().answers)}`);
  }

  function followAddress() {
    // A heading's anchor is not a choice.
    if (location.hash && !location.hash.includes("=")) return;
    chosen = fromAddress(location.hash.slice(1));
    show();
  }

  const spoken = make("p", { class: "unseen", role: "status" });
  const host = document.getElementById("explorer-app");
  host.replaceChildren(make("div", { class: "top" }, ladder, outcome), ...controls, results, spoken);
  toggle.setAttribute("aria-expanded", String(!otherFields.hidden));
  addEventListener("hashchange", followAddress);
  show();
})();
