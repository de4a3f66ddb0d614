// What the server has told: everything at first, then what is new. After a restart of the server everything again.

const most = { decisions: 200, runs: 1000, jobs: 24, quality: 4000 };

export class Feed {
  decisions = [];
  runs = [];
  jobs = [];
  quality = [];
  state = null;
  leftOut = 0;
  #epoch = null;
  #order = [];
  #changed;
  #connected;

  constructor(changed, connected) {
    this.#changed = changed;
    this.#connected = connected;
  }

  open() {
    const source = new EventSource('events');
    source.addEventListener('open', () => this.#connected('live', 'Live'));
    source.addEventListener('snapshot', e => this.#snapshot(JSON.parse(e.data)));
    source.addEventListener('events', e => this.#events(JSON.parse(e.data)));
    source.addEventListener('state', e => { this.state = JSON.parse(e.data); this.#learn(); this.#changed(); });
    source.addEventListener('error', () => {
      this.#connected('lost', 'Connection lost, trying again …');
      if (source.readyState === EventSource.CLOSED) {
        // Refused rather than broken off: the browser does not try again by itself.
        source.close();
        setTimeout(() => this.open(), 2000);
      }
    });
  }

  /** A number for each backend that stays the same, for its colour and mark. */
  index(backend) {
    let i = this.#order.indexOf(backend);
    if (i < 0) i = this.#order.push(backend) - 1;
    return i;
  }

  get backends() { return [...this.#order]; }

  #snapshot(all) {
    if (this.#epoch !== null && this.#epoch !== all.epoch) this.#connected('live', 'Live, the server was started again');
    this.#epoch = all.epoch;
    this.leftOut = 0;
    for (const key of ['decisions', 'runs', 'jobs', 'quality']) this[key] = all[key];
    this.state = all.state;
    this.#learn();
    this.#changed();
  }

  #events(news) {
    for (const key of ['decisions', 'runs', 'jobs', 'quality']) this[key] = [...this[key], ...news[key]].slice(-most[key]);
    this.leftOut += news.leftOut;
    this.#learn();
    this.#changed();
  }

  #learn() {
    this.state?.backends.forEach(b => this.index(b.id));
    this.runs.forEach(r => this.index(r.backend));
  }
}
