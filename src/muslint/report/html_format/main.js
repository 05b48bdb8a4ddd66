// The page as a whole: bars, tabs, deep links, keys. Views are built when they are first looked at.

const VIEWS = {
  findings: { title: 'Findings', count: FINDINGS.length, build: findingsView, shown: () => findingsTable.draw() },
  binaries: { title: 'Binaries', count: OBJECTS.length, build: binariesView, shown: drawBinaries },
  causes: { title: 'Causes', build: causesView },
  bases: { title: 'Base images', count: BASES.length, build: basesView, absent: !BASES.length },
  dependencies: { title: 'Dependencies', build: graphView },
  skipped: { title: 'Not looked at', count: DATA.skipped.length, build: skippedView, absent: !DATA.skipped.length },
};

const main = document.getElementById('main');
const bars = document.getElementById('bars');

function markBars() {
  for (const bar of bars.children) bar.setAttribute('aria-pressed', String(bar.dataset.verdict === FILTERS.verdict));
}

function buildBars() {
  for (const verdict of VERDICTS) {
    const count = DATA.summary[verdict];
    if (!count) continue;
    const bar = make('button', {
      type: 'button', class: verdict, 'data-verdict': verdict, 'aria-pressed': 'false',
      title: 'Only findings of binaries that ' + MANY[verdict], onclick: () => {
        FILTERS.verdict = FILTERS.verdict === verdict ? '' : verdict;
        markBars();
        filter();
        show('findings');
      },
    }, count + ' ' + (count === 1 ? WORDS : MANY)[verdict]);
    bar.style.flexGrow = String(count);
    bars.append(bar);
  }
}

function buildTabs() {
  const tabs = document.getElementById('tabs');
  for (const [id, view] of Object.entries(VIEWS)) {
    if (view.absent) continue;
    view.tab = make('button', {
      type: 'button', role: 'tab', id: 'tab-' + id, 'aria-controls': 'view-' + id,
      onclick: () => { show(id); history.replaceState(null, '', '#' + id); },
    }, view.title, view.count === undefined ? '' : make('span', { class: 'quiet' }, ' ' + view.count));
    view.panel = make('section', { role: 'tabpanel', id: 'view-' + id, 'aria-labelledby': 'tab-' + id, hidden: true });
    tabs.append(view.tab);
    main.append(view.panel);
  }
  tabs.addEventListener('keydown', (event) => {
    const all = [...tabs.children];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const next = all[(all.indexOf(document.activeElement) + step + all.length) % all.length];
    next.click();
    next.focus();
  });
}

/** Bring a view to the front. */
function show(id) {
  for (const [other, view] of Object.entries(VIEWS)) {
    if (view.absent) continue;
    const front = other === id;
    view.tab.setAttribute('aria-selected', String(front));
    view.tab.tabIndex = front ? 0 : -1;
    view.panel.hidden = !front;
    if (front && !view.built) {
      view.built = true;
      view.panel.append(...view.build().flat().filter((child) => child !== ''));
    }
    if (front && view.shown) view.shown();
  }
}

/** Go where the address says: a view, or one finding by its fingerprint. */
function follow() {
  const id = decodeURIComponent(location.hash.slice(1));
  const finding = FINDINGS.find((each) => each.id === id);
  if (finding) {
    show('findings');
    if (!findingsTable.items.includes(finding)) clearFilters();
    findingsTable.chosen = finding;
    openFinding(finding, false);
    findingsTable.move(findingsTable.items.indexOf(finding));
  } else if (id in VIEWS && !VIEWS[id].absent) show(id);
}

document.addEventListener('keydown', (event) => {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(document.activeElement.tagName);
  if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
    event.preventDefault();
    show('findings');
    searchBox.focus();
  } else if (event.key === 'Escape' && !detailBox.hidden) closeFinding();
});

buildBars();
buildTabs();
show(FINDINGS.length ? 'findings' : 'binaries');
filter();
follow();
addEventListener('hashchange', follow);
matchMedia('(max-width: 760px)').addEventListener('change', () => findingsTable.draw());
