// The view of findings: search, filters, table, and the detail beside it.

const FILTERS = { text: '', verdict: '', rule: '', effect: '', object: null, accepted: true };

const findingsTable = new Rows('Findings', 'finding', [
  { key: 'binary', title: 'Binary', cell: (f) => file(f.binary), hint: (f) => f.binary.whole, order: (a, b) => byText('whole')(a.binary, b.binary) },
  { key: 'finding', title: 'Finding', cell: (f) => (f.about ? [name(f.about), ' ', make('span', { class: 'quiet' }, brief(f))] : f.message), hint: (f) => f.message, order: byText('about') },
  { key: 'rule', title: 'Rule', cell: (f) => f.rule, order: byText('rule') },
  { key: 'effect', title: 'Effect', cell: (f) => make('span', { class: 'say-' + f.severity }, effect(f)), order: (a, b) => a.rank - b.rank },
  { key: 'verdict', title: 'Verdict', cell: (f) => make('span', { class: 'say-' + f.binary.verdict }, WORDS[f.binary.verdict]), order: (a, b) => VERDICTS.indexOf(a.binary.verdict) - VERDICTS.indexOf(b.binary.verdict) },
], (finding) => openFinding(finding, true));

/** What the message adds to the name it is about. */
function brief(finding) {
  if (finding.rule === 'symbol-unresolved' && finding.severity === 'info') return 'taken to come from the program that loads it';
  const end = finding.message.lastIndexOf(': ');
  const words = end < 0 ? '' : finding.message.slice(end + 2);
  return words.length < 80 && !words.includes(finding.about) ? words : '';
}

const searchBox = make('input', {
  type: 'search', id: 'search', placeholder: 'Search names, rules, messages ( / )', 'aria-label': 'Search findings', autocomplete: 'off', spellcheck: 'false',
  oninput: () => { FILTERS.text = searchBox.value.trim().toLowerCase(); filter(); },
});
const ruleBox = choice('rule', 'Rule', [['', 'every rule'], ...Object.keys(DATA.rules).map((id) => [id, id])]);
const effectBox = choice('effect', 'Effect', [['', 'every effect'],
  ...[...new Set([...FINDINGS].sort((a, b) => a.rank - b.rank).map(effect))].map((words) => [words, words])]);
const acceptedBox = make('input', { type: 'checkbox', id: 'accepted', checked: true, onchange: () => { FILTERS.accepted = acceptedBox.checked; filter(); } });
const onlyBox = make('button', { type: 'button', hidden: true, onclick: () => { FILTERS.object = null; filter(); } });
const countBox = make('span', { class: 'quiet', id: 'count' });
const detailBox = make('aside', { class: 'detail', hidden: true, 'aria-label': 'Finding in full' });
const splitBox = make('div', { class: 'split' }, findingsTable.element, detailBox);

function choice(key, title, options) {
  const box = make('select', { id: key, 'aria-label': title, onchange: () => { FILTERS[key] = box.value; filter(); } },
    options.map(([value, words]) => make('option', { value }, words)));
  return box;
}

function filter() {
  const words = FILTERS.text.split(/\s+/).filter(Boolean);
  const found = FINDINGS.filter((f) => (!FILTERS.verdict || f.binary.verdict === FILTERS.verdict)
    && (!FILTERS.rule || f.rule === FILTERS.rule) && (!FILTERS.effect || effect(f) === FILTERS.effect)
    && (FILTERS.object === null || f.object === FILTERS.object) && (FILTERS.accepted || !f.suppressed)
    && words.every((word) => f.text.includes(word)));
  onlyBox.hidden = FILTERS.object === null;
  if (FILTERS.object !== null) onlyBox.replaceChildren('only ', name(OBJECTS[FILTERS.object].path), ' ✕');
  countBox.textContent = found.length === FINDINGS.length ? counted(found.length, 'finding', 'findings') : found.length + ' of ' + counted(FINDINGS.length, 'finding', 'findings');
  findingsTable.show(found);
  announce(countBox.textContent);
}

/** Take all filters away, so that anything can be shown. */
function clearFilters() {
  Object.assign(FILTERS, { text: '', verdict: '', rule: '', effect: '', object: null, accepted: true });
  searchBox.value = ruleBox.value = effectBox.value = '';
  acceptedBox.checked = true;
  markBars();
  filter();
}

function openFinding(finding, remember) {
  const close = make('button', { type: 'button', class: 'close', 'aria-label': 'Close', onclick: closeFinding }, '✕');
  detailBox.replaceChildren(close, ...detail(finding));
  detailBox.hidden = false;
  detailBox.scrollTop = 0;
  splitBox.classList.add('open');
  if (remember && location.hash !== '#' + finding.id) history.replaceState(null, '', '#' + finding.id);
  if (matchMedia('(max-width: 760px)').matches) detailBox.querySelector('h2').focus();
  announce(finding.message);
}

function closeFinding() {
  detailBox.hidden = true;
  splitBox.classList.remove('open');
  findingsTable.chosen = null;
  findingsTable.draw();
  findingsTable.focus();
  history.replaceState(null, '', '#findings');
}

function findingsView() {
  return [
    make('div', { class: 'filters', role: 'search' }, searchBox, ruleBox, effectBox,
      DATA.summary.suppressed ? make('label', {}, acceptedBox, 'suppressed too') : '', onlyBox,
      make('button', { type: 'button', onclick: clearFilters }, 'Clear'), countBox),
    splitBox,
  ];
}
