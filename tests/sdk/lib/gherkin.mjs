/*
 * As much of Gherkin as flagd's suites use: a background, scenarios, outlines
 * with tables of examples, tags, tables under steps. Each example is a row.
 */
const STEP = /^(?:Given|When|Then|And|But)\s+(.*)$/s;

/* | a | b \| c |: a bar with a backslash is a bar. */
function cells_of(line) {
  return line
    .replace(/\s+#.*$/, '')
    .trim()
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map((cell) => cell.trim().replaceAll('\\|', '|'));
}

const fill = (text, example) => text.replace(/<([^<>]+)>/g, (all, name) => example[name] ?? all);

class Reader {
  feature = { tags: [], background: [], scenarios: [] };
  tags = [];
  at; /* the steps that are being read */
  table; /* the lines of the table that is being read */

  line(text) {
    const step = STEP.exec(text);

    if (text.startsWith('@')) this.tags.push(...text.split(/\s+/));
    else if (/^Feature:/.test(text)) this.feature.tags = this.take_tags();
    else if (/^Background:/.test(text)) this.at = this.feature.background;
    else if (/^Scenario/.test(text)) this.scenario(text.replace(/^[^:]*:\s*/, ''));
    else if (/^Examples/.test(text)) this.examples();
    else if (step) this.at.push({ text: step[1], table: (this.table = []) });
    else if (text.startsWith('|')) this.table.push(cells_of(text));
  }

  take_tags() {
    return this.tags.splice(0);
  }

  scenario(name) {
    this.feature.scenarios.push({ name, tags: this.take_tags(), steps: (this.at = []), examples: [] });
  }

  examples() {
    this.feature.scenarios.at(-1).examples.push({ tags: this.take_tags(), rows: (this.table = []) });
  }
}

const records_of = ([head, ...rows]) => rows.map((row) => Object.fromEntries(head.map((name, i) => [name, row[i]])));

export function rows_of(text) {
  const reader = new Reader();

  for (const line of text.split('\n').map((l) => l.trim())) if (line !== '' && !line.startsWith('#')) reader.line(line);
  const { feature } = reader;
  return feature.scenarios.flatMap((scenario) => {
    const steps = [...feature.background, ...scenario.steps];
    const make = (example, tags) => ({
      name: scenario.name,
      tags: [...feature.tags, ...scenario.tags, ...tags],
      steps: steps.map((step) => ({
        text: fill(step.text, example),
        table: step.table.length ? records_of(step.table) : [],
      })),
    });

    if (scenario.examples.length === 0) return [make({}, [])];
    return scenario.examples.flatMap(({ tags, rows }) => records_of(rows).map((example) => make(example, tags)));
  });
}
