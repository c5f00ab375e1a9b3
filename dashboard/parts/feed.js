// Rows of texts, the newest on top. New rows are put into the page one by one: nothing is drawn
// again, and what a row says is never read as markup.
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
  methods: {
    fill(rows) {
      this.$refs.rows.replaceChildren(...rows.map(this.draw));
      this.note = rows.length ? "" : this.empty;
    },
    push(rows) {
      const { rows: shown } = this.$refs;
      shown.prepend(...rows.map(this.draw));
      while (shown.childElementCount > this.bound) shown.lastElementChild.remove();
      this.note = "";
    },
    highlight(key) {
      for (const row of this.$refs.rows.children)
        row.classList.toggle("here", row.dataset.key === key);
    },
    draw([key, tone, ...cells]) {
      const row = this.blank().cloneNode(true);
      row.dataset.key = key;
      cells.forEach((words, index) => {
        const cell = row.children[index];
        (cell.firstElementChild ?? cell).textContent = words;
        if (tone && cell.firstElementChild) cell.firstElementChild.classList.add(tone);
      });
      return row;
    },
    blank() {
      if (!this.pattern) {
        this.pattern = make("div", "feed-row", "row");
        if (this.opens) this.pattern.tabIndex = 0;
        for (const column of this.columns) {
          const cell = make("span", column.name, "cell");
          if (column.badge) cell.append(make("span", "badge", ""));
          this.pattern.append(cell);
        }
      }
      return this.pattern;
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
