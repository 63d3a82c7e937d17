// What a choice of level and tools brings, and the address that keeps it. No element of the page is touched here.
window.ladderChoice = (() => {
  "use strict";
  const { rungs, capabilities, questions, source, level } = window.ladder;
  const PROJECT = "my-model";
  const PACKAGE = "my_model";
  const defaults = { level, ...Object.fromEntries(questions.map((question) => [question.name, question.default])) };

  // The same rule as Item.applies in levels.py.
  const applies = (item, answers) =>
    item.when.some((choices) => Object.entries(choices).every(([key, values]) => values.includes(answers[key])));

  // The names of the files or packages in a part of a capability that the answers bring.
  const named = (items, answers) =>
    items.filter((item) => applies(item, answers)).map((item) => item.name.replace("src/*/", `src/${PACKAGE}/`));

  const asked = (question, height) => question.levels.includes(height);

  function brought(answers) {
    const kept = capabilities.filter((capability) => capability.level <= answers.level);
    const all = (part) => [...new Set(kept.flatMap((capability) => named(capability[part], answers)))];
    return { capabilities: kept, files: all("files").sort(), packages: all("packages"), tools: all("tools") };
  }

  // All that the page shows of a choice: its answers, what it brings now, the next rung and what that one adds.
  function viewOf(chosen) {
    // What the level does not ask yet is kept for the one that does, as Copier keeps it.
    const answers = { ...chosen };
    const now = brought(answers);
    const next = rungs.find((rung) => rung.level === chosen.level + 1);
    const then = next ? brought({ ...answers, level: next.level }) : now;
    const added = Object.fromEntries(
      Object.entries(now).map(([part, known]) => [part, then[part].filter((one) => !known.includes(one))]),
    );
    return { answers, level: chosen.level, rung: rungs.find((rung) => rung.level === chosen.level), now, next, added };
  }

  function fromAddress(fragment) {
    const given = new URLSearchParams(fragment);
    const values = { level: rungs.map((rung) => rung.level) };
    for (const question of questions) values[question.name] = question.choices.map((choice) => choice.value);
    const known = (name) => values[name].find((value) => String(value) === given.get(name)) ?? defaults[name];
    return Object.fromEntries(Object.keys(defaults).map((name) => [name, known(name)]));
  }

  function toAddress(answers) {
    const changed = Object.entries(answers).filter(([name, value]) => name === "level" || value !== defaults[name]);
    return new URLSearchParams(changed).toString();
  }

  function copyCommand(answers) {
    const given = [["level", answers.level]];
    for (const { name, gives } of questions)
      if (answers[name] !== defaults[name]) given.push(...Object.entries(gives[answers[name]] ?? { [name]: answers[name] }));
    return `uvx copier copy --defaults ${given.map((pair) => `--data ${pair.join("=")}`).join(" ")} ${source} ${PROJECT}`;
  }

  return { PROJECT, PACKAGE, asked, named, viewOf, fromAddress, toAddress, copyCommand };
})();
