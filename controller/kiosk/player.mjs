// SPDX-License-Identifier: Apache-2.0
// The sounds of the kiosk: speech from clips, tones, the ticking of an open door, the buzzer. Whoever listens without looking is told by
// events of window what was really heard: "said" {clip, text, language, seconds} when a clip has ended (seconds 0: it could not be played),
// "quiet" when all was said, "heard" {sound, pan} for the rest. Keeps no more than some decoded clips.

// Pitch in Hz and length in ms, one after the other; 0 Hz is a pause.
const TONES = {
  key: [[1200, 30]],
  ok: [[880, 90], [1320, 140]],
  refused: [[330, 160], [220, 220]],
  open: [[1320, 70], [0, 90], [1320, 70], [0, 90], [1320, 70]],
  warn: [[660, 180], [0, 80], [660, 180], [0, 80], [880, 260]],
  buzzer: [[700, 250], [0, 100], [700, 250]],
  tick: [[2400, 12]],
};
const TONE_GAIN = 0.3;
const TICK_GAIN = { alone: 0.5, 'under speech': 0.15 };
const BUZZ_EVERY_MS = 1500;
const CLIPS_KEPT = 160;
const AHEAD = 4; // clips that are fetched while one is played

const tell = (name, detail) => window.dispatchEvent(new CustomEvent(name, { detail }));

export class Player {
  #audio = new AudioContext({ latencyHint: 'interactive' });
  #kept = new Map(); // "nl/open.title-0" -> promise of the decoded sound
  #rate;
  #turn = 0; // of say(): a newer one ends the older
  #source = null;
  #wanted = null; // what is to be said once the browser allows sound
  #ticking = { of: '', timer: 0 };
  #buzzing = 0;

  // rate: how fast clips are played, 1 as they were spoken. onChange: whether sound is allowed may be different now.
  constructor({ rate = 1, onChange = () => {} } = {}) {
    this.#rate = rate;
    this.#audio.addEventListener('statechange', () => {
      onChange();
      const wanted = this.#wanted;
      if (this.allowed && wanted) this.say(wanted.language, wanted.clips, wanted.texts, wanted.silent);
    });
    this.#audio.resume().catch(() => {});
  }

  // Browsers that are not told to allow it play nothing before the first touch.
  get allowed() {
    return this.#audio.state === 'running';
  }

  touched() {
    if (!this.allowed) this.#audio.resume().catch(() => {});
  }

  // ------------------------------------------------------------ speech
  #load(language, clip) {
    const name = `${language}/${clip}`;
    let sound = this.#kept.get(name);
    this.#kept.delete(name); // the newest is last
    sound ??= fetch(`speech/${name}.opus`)
      .then((r) => (r.ok ? r.arrayBuffer() : Promise.reject(new Error(`${r.status}`))))
      .then((bytes) => this.#audio.decodeAudioData(bytes))
      .catch(() => {
        this.#kept.delete(name);
        return null;
      });
    this.#kept.set(name, sound);
    while (this.#kept.size > CLIPS_KEPT) this.#kept.delete(this.#kept.keys().next().value);
    return sound;
  }

  // Clips that must be there when the daemon is not.
  keep(language, clips) {
    for (const clip of clips) this.#load(language, clip);
  }

  hush() {
    this.#turn++;
    this.#wanted = null;
    this.#source?.stop();
    this.#source = null;
  }

  #play(sound) {
    return new Promise((ended) => {
      const source = new AudioBufferSourceNode(this.#audio, { buffer: sound, playbackRate: this.#rate });
      source.addEventListener('ended', () => ended(), { once: true });
      source.connect(this.#audio.destination);
      source.start();
      this.#source = source;
    });
  }

  // Says these clips, and nothing that was being said before. silent: there are no sounds of this language, only the events.
  async say(language, clips, texts, silent) {
    this.hush();
    const turn = this.#turn;
    if (!this.allowed) {
      this.#wanted = { language, clips, texts, silent };
      return;
    }
    for (let i = 0; i < clips.length; i++) {
      const sounds = silent ? [null] : clips.slice(i, i + 1 + AHEAD).map((clip) => this.#load(language, clip));
      const sound = await sounds[0];
      if (turn !== this.#turn) return;
      if (sound) await this.#play(sound);
      if (turn !== this.#turn) return;
      tell('said', { clip: clips[i], text: texts[clips[i]] ?? '', language, seconds: sound?.duration ?? 0 });
    }
    this.#source = null;
    tell('quiet', { language });
  }

  // ------------------------------------------------------------ tones
  // pan: -1 left to 1 right.
  tone(name, pan = 0, gain = TONE_GAIN) {
    if (!this.allowed) return;
    const to = new StereoPannerNode(this.#audio, { pan });
    to.connect(this.#audio.destination);
    let at = this.#audio.currentTime;
    for (const [hz, ms] of TONES[name] ?? []) {
      if (hz) {
        const tone = new OscillatorNode(this.#audio, { frequency: hz });
        tone.connect(new GainNode(this.#audio, { gain })).connect(to);
        tone.start(at);
        tone.stop(at + ms / 1000);
      }
      at += ms / 1000;
    }
    tell('heard', { sound: name, pan });
  }

  // A tick every so often from the side of the open door; 0: none.
  tick(every_ms, pan = 0) {
    const now = `${every_ms} ${pan}`;
    if (now === this.#ticking.of) return;
    clearInterval(this.#ticking.timer);
    const tick = () => this.tone('tick', pan, TICK_GAIN[this.#source ? 'under speech' : 'alone']);
    this.#ticking = { of: now, timer: every_ms ? setInterval(tick, every_ms) : 0 };
  }

  buzz(on) {
    if (on === Boolean(this.#buzzing)) return;
    clearInterval(this.#buzzing);
    this.#buzzing = on ? setInterval(() => this.tone('buzzer'), BUZZ_EVERY_MS) : 0;
  }
}
