// The view of causes: missing names by family with what helps, then everything else by rule.

const SHOWN_NAMES = 300;

function causes() {
  const groups = new Map();
  for (const finding of FINDINGS) {
    if (finding.suppressed || finding.severity === 'info') continue;
    const key = finding.family ? 'family ' + finding.family : 'rule ' + finding.rule;
    if (!groups.has(key)) groups.set(key, []);
    groups.get(key).push(finding);
  }
  return [...groups.values()].sort((a, b) => b.length - a.length || a[0].number - b[0].number);
}

function cause(findings) {
  const [first] = findings;
  const family = DATA.families[first.family];
  const rule = DATA.rules[first.rule];
  const names = new Map();
  for (const finding of findings) {
    const about = finding.about || finding.message;
    if (!names.has(about)) names.set(about, new Set());
    names.get(about).add(finding.object);
  }
  const binaries = new Set(findings.map((finding) => finding.object)).size;
  const remedies = [...new Set(findings.flatMap((finding) => finding.remedies))].map((number) => DATA.remedies[number]);
  return make('details', { class: 'cause' },
    make('summary', {}, make('strong', {}, family ? family.title : rule.title), ' ',
      make('span', { class: 'quiet' }, counted(names.size, 'name', 'names') + ' in ' + counted(binaries, 'binary', 'binaries'))),
    make('div', {},
      family ? familyFacts(family) : make('p', {}, ruleName(first.rule)),
      remedies.length ? make('ul', {}, remedies.slice(0, 12).map((r) => make('li', { class: r.cures ? 'cures' : null }, r.text))) : '',
      make('ul', { class: 'names' }, [...names].sort((a, b) => b[1].size - a[1].size || (a[0] < b[0] ? -1 : 1)).slice(0, SHOWN_NAMES)
        .map(([about, objects]) => make('li', {}, make('button', { type: 'button', onclick: () => search(about) },
          name(about), objects.size > 1 ? make('span', { class: 'quiet' }, ' × ' + objects.size) : '')))),
      names.size > SHOWN_NAMES ? make('p', { class: 'quiet' }, '… and ' + (names.size - SHOWN_NAMES) + ' more') : ''));
}

/** Findings about one name. */
function search(text) {
  clearFilters();
  searchBox.value = text;
  FILTERS.text = text.toLowerCase();
  filter();
  show('findings');
  searchBox.focus();
}

function causesView() {
  const found = causes().map(cause);
  if (found.length < 4) for (const each of found) each.open = true;
  return found.length ? found : [make('p', { class: 'empty' }, 'Nothing stands against these binaries.')];
}
