// Rows of texts, the newest on top. A few new rows are put there one by one. When many come at
// once, the rows in view are written anew in place, and those below them when it is calm again.
// What a row says is never read as markup.
const FEW = 10;
const SPARE = 4;
const CALM_MS = 300;
const ROW_PX = 41;

export default {
  template: `
    <div class="feed" role="table">
      <div class="feed-head" role="row">
        <span v-for="column in columns" :class="column.name" role="columnheader">{{ column.label }}</span>
      </div>
      <div ref="rows" role="rowgroup" @click="open" @keydown.enter="open"></div>
      <div class="feed-note muted">{{ note }}</div>
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
    clearTimeout(this.calm);
  },
  methods: {
    fill(rows) {
      this.rows = rows;
      this.complete();
      this.note = rows.length ? "" : this.empty;
    },
    push(rows) {
      const many = rows.length >= FEW;
      this.rows = [...rows, ...this.rows].slice(0, this.bound);
      if (many || this.calm) this.write(this.inView());
      else this.prepend(rows);
      if (many) {
        clearTimeout(this.calm);
        this.calm = setTimeout(this.complete, CALM_MS);
      }
      this.note = "";
    },
    highlight(key) {
      this.here = key;
      for (const row of this.$refs.rows.children) row.classList.toggle("here", row.dataset.key === key);
    },
    complete() {
      clearTimeout(this.calm);
      this.calm = null;
      this.write(this.rows.length);
    },
    prepend(rows) {
      const shown = this.$refs.rows;
      shown.prepend(...rows.map((row) => this.say(this.blank(), row)));
      while (shown.childElementCount > this.bound) shown.lastElementChild.remove();
    },
    write(count) {
      const shown = this.$refs.rows;
      const height = shown.firstElementChild?.offsetHeight || ROW_PX;
      for (let index = 0; index < count; index++) {
        const row = this.say(shown.children[index] ?? this.blank(), this.rows[index]);
        if (!row.parentElement) shown.append(row);
      }
      while (shown.childElementCount > count) shown.lastElementChild.remove();
      shown.style.minHeight = count < this.rows.length ? `${this.rows.length * height}px` : "";
    },
    inView() {
      const shown = this.$refs.rows;
      const height = shown.firstElementChild?.offsetHeight || ROW_PX;
      const room = Math.ceil((window.innerHeight - shown.getBoundingClientRect().top) / height);
      return Math.min(this.rows.length, Math.max(room, 0) + SPARE);
    },
    say(row, [key, tone, ...texts]) {
      row.dataset.key = key;
      row.classList.toggle("here", key !== "" && key === this.here);
      texts.forEach((words, index) => {
        const cell = row.children[index];
        const place = cell.firstElementChild ?? cell;
        if (place !== cell) place.className = `badge ${tone}`;
        if (place.firstChild.data !== words) place.firstChild.data = words;
      });
      return row;
    },
    blank() {
      if (!this.pattern) {
        this.pattern = make("div", "feed-row", "row");
        if (this.opens) this.pattern.tabIndex = 0;
        for (const column of this.columns) {
          const cell = make("span", column.name, "cell");
          (column.badge ? cell.appendChild(make("span", "badge")) : cell).append("");
          this.pattern.append(cell);
        }
      }
      return this.pattern.cloneNode(true);
    },
    open(event) {
      const row = event.target.closest(".feed-row");
      if (row && this.opens && !window.getSelection().toString()) this.$emit("open", row.dataset.key);
    },
  },
};

function make(tag, classes, role) {
  const element = document.createElement(tag);
  element.className = classes;
  if (role) element.setAttribute("role", role);
  return element;
}
