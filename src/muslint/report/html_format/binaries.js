// The view of binaries: one row each; a choice shows its findings.

const binariesTable = new Rows('Binaries', 'binary', [
  { key: 'binary', title: 'Binary', cell: file, hint: (o) => o.whole, order: byText('whole') },
  { key: 'verdict', title: 'Verdict', cell: (o) => make('span', { class: 'say-' + o.verdict }, WORDS[o.verdict]), order: (a, b) => VERDICTS.indexOf(a.verdict) - VERDICTS.indexOf(b.verdict) },
  { key: 'number', title: 'Findings', cell: (o) => String(o.findings.length), order: (a, b) => a.findings.length - b.findings.length },
  { key: 'arch', title: 'Machine', cell: (o) => o.arch, order: byText('arch') },
  { key: 'kind', title: 'Kind', cell: (o) => o.kind.replace('-', ' '), order: byText('kind') },
  { key: 'built', title: 'Built for', cell: (o) => [o.built_for, ' ', make('span', { class: 'quiet' }, needs(o))], hint: needs, order: byText('built_for') },
  { key: 'notes', title: 'Notes', cell: notes, hint: notes, order: (a, b) => (notes(a) < notes(b) ? -1 : notes(a) > notes(b) ? 1 : 0) },
], (object) => {
  clearFilters();
  FILTERS.object = object.number;
  filter();
  show('findings');
});

function needs(object) {
  return Object.entries(object.requires).map(([family, version]) => (family === 'GLIBC' ? version : family + ' ' + version)).join(', ');
}

function notes(object) {
  if (object.reason) return 'not judged: ' + object.reason;
  return object.assumed.length ? 'taken for granted: ' + object.assumed.join(', ') : '';
}

function binariesView() {
  return [binariesTable.element];
}

function drawBinaries() {
  if (!binariesTable.items.length) binariesTable.show(OBJECTS);
  else binariesTable.draw();
}
