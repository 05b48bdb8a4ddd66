// A table of any length: only the rows in sight exist. Rows have one height; two gap rows stand for the others.

const SPARE = 12; // rows kept above and below those in sight

class Rows {
  /** columns: [{key, title, cell(item) → nodes, order(a, b)}]; kind names the rows for CSS; open(item) on a choice. */
  constructor(label, kind, columns, open) {
    Object.assign(this, { kind, columns, open, items: [], active: 0, chosen: null, sorted: null, down: false, all: false });
    this.above = make('tr', { class: 'gap', 'aria-hidden': 'true' }, make('td'));
    this.below = make('tr', { class: 'gap', 'aria-hidden': 'true' }, make('td'));
    this.body = make('tbody', {}, this.above, this.below);
    this.heads = columns.map((column) => make('th', { class: 'col-' + column.key, scope: 'col', 'aria-sort': 'none' },
      make('button', { type: 'button', onclick: () => this.sort(column) }, column.title)));
    this.table = make('table', { class: 'rows', 'aria-label': label, role: 'grid' },
      make('thead', {}, make('tr', { 'aria-rowindex': 1 }, this.heads)), this.body);
    this.empty = make('p', { class: 'empty', hidden: true }, 'Nothing here matches.');
    this.element = make('div', { class: 'scroll', onscroll: () => this.draw() }, this.table, this.empty);
    this.body.addEventListener('keydown', (event) => this.key(event));
    this.body.addEventListener('click', (event) => {
      const row = event.target.closest('tr.row');
      if (row) this.choose(Number(row.dataset.index));
    });
    new ResizeObserver(() => this.draw()).observe(this.element);
    addEventListener('beforeprint', () => { this.all = true; this.draw(); });
    addEventListener('afterprint', () => { this.all = false; this.draw(); });
  }

  show(items) {
    this.items = items;
    this.active = Math.max(0, Math.min(this.active, items.length - 1));
    if (this.sorted) this.order();
    this.table.setAttribute('aria-rowcount', String(items.length + 1));
    this.empty.hidden = items.length > 0;
    this.element.scrollTop = 0;
    this.drawn = null;
    this.draw();
  }

  sort(column) {
    this.down = this.sorted === column ? !this.down : false;
    this.sorted = column;
    this.heads.forEach((head, number) => head.setAttribute('aria-sort',
      this.columns[number] !== column ? 'none' : this.down ? 'descending' : 'ascending'));
    this.order();
    this.drawn = null;
    this.draw();
    announce('Sorted by ' + column.title + (this.down ? ', descending' : ', ascending'));
  }

  order() {
    const sign = this.down ? -1 : 1;
    this.items = [...this.items].sort((a, b) => sign * this.sorted.order(a, b) || a.number - b.number);
  }

  height() {
    return parseFloat(getComputedStyle(document.documentElement).getPropertyValue('--row'));
  }

  draw() {
    if (!this.element.offsetParent) return;
    const height = this.height();
    const first = this.all ? 0 : Math.max(0, Math.floor(this.element.scrollTop / height) - SPARE);
    const seen = Math.ceil(this.element.clientHeight / height) + 2 * SPARE;
    const last = this.all ? this.items.length : Math.min(this.items.length, first + seen);
    const state = [first, last, height, this.active, this.chosen].join();
    if (state === this.drawn) return;
    this.drawn = state;
    const held = this.body.contains(document.activeElement);
    const rows = [];
    for (let index = first; index < last; index++) rows.push(this.row(index));
    this.above.firstChild.style.height = (first * height) + 'px';
    this.below.firstChild.style.height = ((this.items.length - last) * height) + 'px';
    this.body.replaceChildren(this.above, ...rows, this.below);
    if (held) this.focus();
  }

  row(index) {
    const item = this.items[index];
    return make('tr', {
      class: 'row row-' + this.kind + (item.suppressed ? ' accepted' : ''), 'data-index': index, 'aria-rowindex': index + 2,
      tabindex: index === this.active ? 0 : -1, 'aria-selected': item === this.chosen ? 'true' : 'false',
    }, this.columns.map((column) => make('td', { class: 'col-' + column.key, title: column.hint ? column.hint(item) : null }, column.cell(item))));
  }

  focus() {
    const row = this.body.querySelector('tr.row[tabindex="0"]');
    if (row) row.focus({ preventScroll: true });
  }

  key(event) {
    const page = Math.max(1, Math.floor(this.element.clientHeight / this.height()) - 1);
    const steps = { ArrowDown: 1, ArrowUp: -1, PageDown: page, PageUp: -page, Home: -Infinity, End: Infinity };
    if (event.key in steps) {
      this.move(Math.max(0, Math.min(this.items.length - 1, this.active + steps[event.key])));
      this.focus();
    } else if (event.key === 'Enter' || event.key === ' ') {
      this.choose(this.active);
    } else return;
    event.preventDefault();
  }

  /** Make a row the active one, and bring it into sight below the head. */
  move(index) {
    this.active = index;
    const height = this.height();
    const head = this.heads[0].offsetHeight;
    const top = index * height;
    if (top < this.element.scrollTop) this.element.scrollTop = top;
    else if (top + height + head > this.element.scrollTop + this.element.clientHeight) {
      this.element.scrollTop = top + height + head - this.element.clientHeight;
    }
    this.draw();
  }

  choose(index) {
    this.chosen = this.items[index] || null;
    this.move(index);
    if (this.chosen) this.open(this.chosen);
  }
}

function byText(key) {
  return (a, b) => (a[key] < b[key] ? -1 : a[key] > b[key] ? 1 : 0);
}
