// A list of text rows, newest on top. Small batches are prepended. A large batch rewrites the visible
// rows in place, and the rows below them after a pause in updates. Texts are never parsed as markup.
const SMALL_BATCH = 10;
const EXTRA_ROWS = 4;
const SETTLE_MS = 300;
const ROW_PX = 41;

export default {
  template: `
    <div class="live-list" role="table">
      <div class="live-list-head" role="row">
        <span v-for="column in columns" :class="column.name" role="columnheader">{{ column.label }}</span>
      </div>
      <div ref="rows" role="rowgroup" @click="open" @keydown.enter="open"></div>
      <div class="live-list-note muted">{{ note }}</div>
    </div>`,
  props: { columns: Array, bound: Number, loading: String, empty: String, opens: Boolean },
  data() {
    return { note: this.loading };
  },
  created() {
    this.rows = [];
    this.here = "";
  },
  beforeUnmount() {
    clearTimeout(this.settle);
  },
  methods: {
    fill(rows) {
      this.rows = rows;
      this.complete();
      this.note = rows.length ? "" : this.empty;
    },
    push(rows) {
      const large = rows.length >= SMALL_BATCH;
      this.rows = [...rows, ...this.rows].slice(0, this.bound);
      if (large || this.settle) this.write(this.visibleCount());
      else this.prepend(rows);
      if (large) {
        clearTimeout(this.settle);
        this.settle = setTimeout(this.complete, SETTLE_MS);
      }
      this.note = "";
    },
    highlight(key) {
      this.here = key;
      for (const row of this.$refs.rows.children) row.classList.toggle("here", row.dataset.key === key);
    },
    complete() {
      clearTimeout(this.settle);
      this.settle = null;
      this.write(this.rows.length);
    },
    prepend(rows) {
      const shown = this.$refs.rows;
      shown.prepend(...rows.map((row) => this.fillRow(this.createRow(), row)));
      while (shown.childElementCount > this.bound) shown.lastElementChild.remove();
    },
    write(count) {
      const shown = this.$refs.rows;
      const height = shown.firstElementChild?.offsetHeight || ROW_PX;
      for (let index = 0; index < count; index++) {
        const row = this.fillRow(shown.children[index] ?? this.createRow(), this.rows[index]);
        if (!row.parentElement) shown.append(row);
      }
      while (shown.childElementCount > count) shown.lastElementChild.remove();
      shown.style.minHeight = count < this.rows.length ? `${this.rows.length * height}px` : "";
    },
    visibleCount() {
      const shown = this.$refs.rows;
      const height = shown.firstElementChild?.offsetHeight || ROW_PX;
      const fitting = Math.ceil((window.innerHeight - shown.getBoundingClientRect().top) / height);
      return Math.min(this.rows.length, Math.max(fitting, 0) + EXTRA_ROWS);
    },
    fillRow(row, [key, tone, ...texts]) {
      row.dataset.key = key;
      row.classList.toggle("here", key !== "" && key === this.here);
      texts.forEach((value, index) => {
        const cell = row.children[index];
        const target = cell.firstElementChild ?? cell;
        if (target !== cell) target.className = `badge ${tone}`;
        if (target.firstChild.data !== value) target.firstChild.data = value;
      });
      return row;
    },
    createRow() {
      if (!this.blankRow) {
        this.blankRow = createElement("div", "live-list-row", "row");
        if (this.opens) this.blankRow.tabIndex = 0;
        for (const column of this.columns) {
          const cell = createElement("span", column.name, "cell");
          (column.badge ? cell.appendChild(createElement("span", "badge")) : cell).append("");
          this.blankRow.append(cell);
        }
      }
      return this.blankRow.cloneNode(true);
    },
    open(event) {
      const row = event.target.closest(".live-list-row");
      if (row && this.opens && !window.getSelection().toString()) this.$emit("open", row.dataset.key);
    },
  },
};

function createElement(tag, classes, role) {
  const element = document.createElement(tag);
  element.className = classes;
  if (role) element.setAttribute("role", role);
  return element;
}
