
// Filters, the large view and choices of the page; see mod.rs. All text of others comes out of the data block and goes into
// the page as text; addresses come out of links that are there already.
(() => {
  'use strict';
  const $ = (id) => document.getElementById(id);
  const { about, tasks } = JSON.parse($('data').textContent);
  const cards = [...document.querySelectorAll('.card')];
  const many = (n, noun) => `${n.toLocaleString('en')} ${noun}${n === 1 ? '' : 's'}`;
  // What is outside of an open dialog is not read out.
  const say = (text) => {
    ($('large').open ? $('large') : document.body).append($('said'));
    $('said').textContent = text;
  };
  const make = (name, text, className) => {
    const node = document.createElement(name);
    if (text !== undefined) node.textContent = text;
    if (className) node.className = className;
    return node;
  };

  // Choices: which images are picked, and what is to be made again. Kept by task and taskId, so that what was made again
  // since is looked at anew.
  const MEMORY = `mjbatch:${about.key}`;
  const canRedo = (task) => ['done', 'failed', 'lost'].includes(task.status);
  const initial = (task) => ({ pick: task.picks.filter((n) => n >= 1 && n <= task.images.length), redo: false });
  const read = () => {
    const memory = Object.create(null); // a task may be called `__proto__`
    try { return Object.assign(memory, JSON.parse(localStorage.getItem(MEMORY))); } catch { return memory; }
  };
  let kept = true;
  const write = (task, mark) => {
    const memory = read();
    const first = initial(task);
    if (!mark.redo && String(mark.pick) === String(first.pick)) delete memory[task.id];
    else memory[task.id] = { t: task.task_id, p: mark.pick, r: mark.redo };
    try {
      localStorage.setItem(MEMORY, JSON.stringify(memory));
    } catch {
      if (kept) say('This browser does not keep your choices: save them before you leave.');
      kept = false;
    }
  };
  let unsaved = false;
  addEventListener('beforeunload', (event) => { if (!kept && unsaved) event.preventDefault(); });

  const recall = () => {
    const memory = read();
    return tasks.map((task) => {
      const known = Object.hasOwn(memory, task.id) ? memory[task.id] : null;
      if (!known || known.t !== task.task_id || !Array.isArray(known.p)) return initial(task);
      return { pick: known.p.filter((n) => Number.isInteger(n) && n >= 1 && n <= task.images.length), redo: known.r === true && canRedo(task) };
    });
  };
  let marks = recall();

  const paint = (n, node) => {
    const { pick, redo } = marks[n];
    node.classList.toggle('chosen', pick.length > 0);
    node.classList.toggle('again', redo);
    for (const pic of node.querySelectorAll('.pic')) {
      const picked = pick.includes(Number(pic.dataset.p));
      pic.classList.toggle('picked', picked);
      pic.querySelector('.pick')?.setAttribute('aria-pressed', picked);
    }
    node.querySelector('.redo')?.setAttribute('aria-pressed', redo);
  };
  const sum = () => {
    let images = 0, picked = 0, redo = 0;
    for (const mark of marks) {
      redo += mark.redo;
      if (mark.redo) continue; // its images are to be others
      images += mark.pick.length;
      picked += mark.pick.length > 0;
    }
    const parts = [];
    if (images) parts.push(`${many(images, 'image')} of ${many(picked, 'task')} picked`);
    if (redo) parts.push(`${redo.toLocaleString('en')} to redo`);
    $('chosen').textContent = parts.join(' · ');
    $('save').disabled = parts.length === 0 && Object.keys(read()).length === 0;
  };
  const change = (n, alter) => {
    alter(marks[n]);
    unsaved = true;
    write(tasks[n], marks[n]);
    paint(n, cards[n]);
    if (shown === n) paint(n, $('large'));
    sum();
  };
  const pick = (n, number) => {
    if (!(number >= 1 && number <= tasks[n].images.length)) return;
    change(n, (mark) => {
      mark.pick = mark.pick.includes(number) ? mark.pick.filter((it) => it !== number) : [...mark.pick, number].sort((a, b) => a - b);
    });
    say(`Image ${number} ${marks[n].pick.includes(number) ? 'picked' : 'not picked'}`);
  };
  const redo = (n) => {
    if (!canRedo(tasks[n])) return;
    change(n, (mark) => { mark.redo = !mark.redo; });
    say(marks[n].redo ? 'To be made again' : 'Not to be made again');
  };
  addEventListener('storage', (event) => {
    if (event.key !== MEMORY) return;
    marks = recall();
    cards.forEach((card, n) => paint(n, card));
    if (shown !== null) paint(shown, $('large'));
    sum();
    apply();
  });

  // Filters.
  const plain = (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase();
  const haystacks = tasks.map((task) => plain([task.id, task.prompt, task.reason, task.task_id, ...task.vars].join('\n')));
  const statuses = new Set();
  const choices = [];
  const MOST_VALUES = 60, MOST_SELECTS = 8;
  const offer = (name, value) => {
    const counts = new Map();
    for (const task of tasks) {
      counts.set(value(task), (counts.get(value(task)) || 0) + 1);
      if (counts.size > MOST_VALUES) return;
    }
    if (counts.size < 2 || choices.length >= MOST_SELECTS) return;
    const select = make('select');
    select.setAttribute('aria-label', name);
    select.append(new Option(`${name.slice(0, 40)}: all`, ''));
    [...counts.keys()].forEach((of, n) => select.append(new Option(`${(of || '(none)').slice(0, 60)} (${counts.get(of)})`, n + 1)));
    const values = [...counts.keys()];
    $('variables').append(select);
    choices.push({ select, value, chosen: () => (select.value === '' ? null : values[select.value - 1]) });
    select.addEventListener('change', () => apply());
  };
  about.columns.forEach((name, n) => offer(name, (task) => task.vars[n] || ''));
  offer('mode', (task) => task.mode);

  // Of thousands of cards, those that no screen holds yet are shown a little later, so that a filter answers at once.
  const AT_ONCE = 120;
  let later = [];
  const showLater = () => {
    for (const n of later.splice(0, 2 * AT_ONCE)) cards[n].hidden = false;
    if (later.length) setTimeout(showLater);
  };
  let visible = tasks.map((_, n) => n);
  const apply = () => {
    const words = plain($('search').value).split(/\s+/).filter(Boolean);
    const wanted = choices.map((choice) => [choice.value, choice.chosen()]).filter(([, of]) => of !== null);
    const mark = $('marks').value;
    visible = [];
    const waiting = later.length > 0;
    later = [];
    tasks.forEach((task, n) => {
      const fits = (statuses.size === 0 || statuses.has(task.status))
        && wanted.every(([value, of]) => value(task) === of)
        && (mark === '' || (mark === 'picked' ? marks[n].pick.length > 0 : mark === 'redo' ? marks[n].redo : !marks[n].redo && marks[n].pick.length === 0))
        && words.every((word) => haystacks[n].includes(word));
      if (fits) visible.push(n);
      if (cards[n].hidden !== fits) return;
      if (fits && visible.length > AT_ONCE) later.push(n);
      else cards[n].hidden = !fits;
    });
    if (later.length && !waiting) setTimeout(showLater);
    const all = visible.length === tasks.length;
    $('count').textContent = all ? many(tasks.length, 'task') : `${visible.length.toLocaleString('en')} of ${many(tasks.length, 'task')}`;
    $('clear').hidden = all;
    $('nothing').hidden = visible.length > 0;
  };
  const clear = () => {
    $('search').value = '';
    $('marks').value = '';
    statuses.clear();
    for (const { select } of choices) select.value = '';
    for (const chip of $('statuses').children) if (chip.dataset.status) chip.setAttribute('aria-pressed', 'false');
    apply();
    $('search').focus();
  };
  $('search').addEventListener('input', apply);
  $('marks').addEventListener('change', apply);
  $('clear').addEventListener('click', clear);
  $('all').addEventListener('click', clear);
  $('filters').addEventListener('submit', (event) => event.preventDefault());
  $('statuses').addEventListener('click', (event) => {
    const chip = event.target.closest('[data-status]');
    if (!chip) return;
    const { status } = chip.dataset;
    if (!statuses.delete(status)) statuses.add(status);
    chip.setAttribute('aria-pressed', statuses.has(status));
    apply();
  });

  // The large view.
  let shown = null;
  const large = $('large');
  const fact = (name, value) => {
    if (value === '' || value === null) return;
    const dt = make('dt', name), dd = make('dd');
    dt.dir = dd.dir = 'auto';
    dd.append(value);
    $('large-facts').append(dt, dd);
  };
  const readable = (address) => {
    try { return decodeURI(address); } catch { return address; }
  };
  const time = (text) => text.replace('T', ' ').replace('Z', ' UTC');
  const show = (n, number) => {
    const task = tasks[n];
    shown = n;
    $('large-id').textContent = task.id;
    $('large-status').textContent = task.status;
    $('large-status').className = `status t-${task.status}`;
    $('large-place').textContent = `${(visible.indexOf(n) + 1 || 1).toLocaleString('en')} / ${visible.length.toLocaleString('en')}`;
    $('large-prompt').textContent = task.prompt;
    $('large-redo').hidden = !canRedo(task);
    $('previous').disabled = step(n, -1) === null;
    $('next').disabled = step(n, 1) === null;
    const pics = [...cards[n].querySelectorAll('.pic')].map((pic) => {
      const copy = pic.cloneNode(true);
      copy.querySelector('img').loading = 'eager';
      return copy;
    });
    $('large-pics').className = `big p${pics.length}`;
    $('large-pics').replaceChildren(...(pics.length ? pics : [make('p', 'No image', 'none')]));
    $('large-facts').replaceChildren();
    if (task.reason) fact('reason', task.reason);
    about.columns.forEach((name, at) => fact(name, task.vars[at] || ''));
    fact('mode', task.mode);
    fact('taskId', task.task_id);
    fact('attempts', String(task.attempts));
    fact('quota', task.quota);
    fact('submitted', time(task.submitted_at));
    fact('ended', time(task.finished_at));
    pics.forEach((pic) => {
      const link = pic.querySelector('a').cloneNode(false);
      link.textContent = readable(link.getAttribute('href')).slice(0, 200);
      fact(`image ${pic.dataset.p === '0' ? 'overview' : pic.dataset.p}`, link);
    });
    paint(n, large);
    zoom(number || null);
    if (!large.open) large.showModal();
  };
  const zoom = (number) => {
    const pics = [...$('large-pics').querySelectorAll('.pic')];
    const on = pics.find((pic) => pic.dataset.p === String(number));
    for (const pic of pics) pic.classList.toggle('on', pic === on);
    $('large-pics').classList.toggle('one', Boolean(on));
  };
  const step = (n, by) => {
    const at = visible.indexOf(n);
    const to = visible[(at < 0 ? 0 : at) + by];
    return to === undefined ? null : to;
  };
  const go = (by) => {
    const to = shown === null ? null : step(shown, by);
    if (to !== null) show(to);
  };
  const focusCard = (n) => {
    cards[n].scrollIntoView({ block: 'nearest' });
    cards[n].querySelector('a, button')?.focus({ preventScroll: true });
  };
  large.addEventListener('close', () => {
    const last = shown;
    shown = null;
    if (last !== null) focusCard(last);
  });
  $('close').addEventListener('click', () => large.close());
  $('previous').addEventListener('click', () => go(-1));
  $('next').addEventListener('click', () => go(1));
  $('large-redo').addEventListener('click', () => { if (shown !== null) redo(shown); });
  $('copy').addEventListener('click', async () => {
    try {
      await navigator.clipboard.writeText($('large-prompt').textContent);
      say('Copied');
    } catch {
      getSelection().selectAllChildren($('large-prompt'));
    }
  });
  $('large-pics').addEventListener('click', (event) => {
    const pic = event.target.closest('.pic');
    if (!pic || shown === null) return;
    if (event.target.closest('.pick')) return pick(shown, Number(pic.dataset.p));
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    zoom(pic.classList.contains('on') ? null : pic.dataset.p);
  });
  $('images').addEventListener('click', (event) => {
    const card = event.target.closest('.card');
    if (!card || event.ctrlKey || event.metaKey || event.shiftKey) return;
    const n = Number(card.dataset.n);
    if (event.target.closest('.pick')) return pick(n, Number(event.target.closest('.pic').dataset.p));
    if (event.target.closest('.redo')) return redo(n);
    const others = event.target.closest('.others');
    if (others) return others.setAttribute('aria-pressed', card.classList.toggle('all'));
    if (event.target.closest('.pic, .look')) {
      event.preventDefault();
      show(n);
    }
  });
  const broken = (img) => img.closest('.pic')?.classList.add('broken');
  document.addEventListener('error', (event) => { if (event.target instanceof HTMLImageElement) broken(event.target); }, true);
  for (const img of document.images) if (img.complete && img.currentSrc && !img.naturalWidth) broken(img);

  // Keys.
  const near = () => document.activeElement?.closest('.card');
  const move = (by) => {
    const card = near();
    const to = card ? step(Number(card.dataset.n), by) : visible[0];
    if (to !== null && to !== undefined) focusCard(to);
  };
  addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || $('keys').open) return;
    const { target, key } = event;
    if (target.matches?.('input, select, textarea')) {
      if (key === 'Escape' && target.id === 'search') target.blur();
      return;
    }
    const n = shown !== null ? shown : near() ? Number(near().dataset.n) : null;
    if (/^[1-9]$/.test(key) && n !== null) pick(n, Number(key));
    else if ((key === 'r' || key === 'R') && n !== null) redo(n);
    else if (shown !== null && (key === 'ArrowRight' || key === 'j')) go(1);
    else if (shown !== null && (key === 'ArrowLeft' || key === 'k')) go(-1);
    else if (shown === null && key === 'j') move(1);
    else if (shown === null && key === 'k') move(-1);
    else if (shown === null && key === '/') $('search').focus();
    else if (key === '?') $('keys').showModal();
    else return;
    event.preventDefault();
  });
  $('help').addEventListener('click', () => $('keys').showModal());
  $('keys-close').addEventListener('click', () => $('keys').close());

  // The table of choices: results with the decisions under `action` and `pick`, each row known by its `ref`. Cells that a
  // spreadsheet would run have a quote before them, as a column says.
  const guard = (text) => (/^'*[=+\-@\t\r]/.test(text) ? `'${text}` : text);
  const cell = (text) => {
    const safe = guard(String(text)).replaceAll('\0', '\ufffd');
    return /[",\r\n]|^\s|\s$/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  const table = () => {
    const images = Math.max(4, ...new Set(tasks.map((task) => task.images.length)));
    const numbers = Array.from({ length: images }, (_, n) => n);
    const header = ['id', ...about.shown, 'action', 'pick', 'task_id', 'status', 'mode', 'prompt', 'reason', 'grid',
      ...numbers.map((n) => `image_${n + 1}`), 'attempts', 'quota', 'submitted_at', 'finished_at', 'formula_guard', 'ref'];
    // An empty cell changes nothing: what was picked before, and is no more, is taken back in a word.
    const picked = (task, mark) => (mark.redo ? '' : mark.pick.join(' ') || (initial(task).pick.length ? 'none' : ''));
    const rows = tasks.map((task, at) => [task.id, ...about.shown.map((_, n) => task.vars[n] || ''), marks[at].redo ? 'redo' : '',
      picked(task, marks[at]), task.task_id, task.status, task.mode, task.prompt, task.reason, task.grid,
      ...numbers.map((n) => task.images[n] || ''), task.attempts, task.quota, task.submitted_at, task.finished_at, 'on', task.ref]);
    return [header, ...rows].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
  };
  $('save').addEventListener('click', () => {
    const link = make('a');
    link.href = URL.createObjectURL(new Blob([table()], { type: 'text/csv' }));
    link.download = about.picks;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60000);
    unsaved = false;
    $('toast').hidden = false;
  });
  $('toast-close').addEventListener('click', () => {
    $('toast').hidden = true;
    $('save').focus();
  });

  // Printed, everything is open, and all images are loaded.
  const opened = () => {
    for (const it of document.querySelectorAll('details')) it.open = true;
    const images = [...document.querySelectorAll('.card:not([hidden]) img')];
    for (const it of images) it.loading = 'eager';
    return images;
  };
  addEventListener('beforeprint', opened);
  $('print').addEventListener('click', async () => {
    while (later.length) showLater();
    const there = opened().map((it) => it.complete || new Promise((done) => { it.onload = it.onerror = done; }));
    $('print').disabled = true;
    say('Loading the images for printing');
    await Promise.race([Promise.all(there), new Promise((done) => setTimeout(done, 60000))]);
    $('print').disabled = false;
    print();
  });

  cards.forEach((card, n) => { if (marks[n].redo || marks[n].pick.length) paint(n, card); });
  $('filters').hidden = false;
  apply();
  sum();
  document.documentElement.dataset.ready = 'yes';
})();
