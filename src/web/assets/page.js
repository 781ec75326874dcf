// Everything works without this file. With it, pages follow what happens, times count on, and charts are drawn.
(() => {
  'use strict';
  const main = document.getElementById('main');
  const live = document.getElementById('live');
  if (!main) return;

  // Times: relative ones count on; the absolute one on hover is in the reader's zone.
  const unit = (ms) => {
    if (ms < 60000) return `${Math.round(ms / 1000)} s`;
    const minutes = Math.floor(ms / 60000);
    if (minutes < 60) return `${minutes} min`;
    const hours = Math.floor(minutes / 60);
    if (hours < 10 && minutes % 60 > 0) return `${hours} h ${minutes % 60} min`;
    return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
  };
  const times = (root) => {
    const now = Date.now();
    for (const element of root.querySelectorAll('time[datetime]')) {
      const at = Date.parse(element.dateTime);
      element.title = new Date(at).toLocaleString();
      if ('clock' in element.dataset) {
        element.textContent = new Date(at).toLocaleTimeString([], { hour: '2-digit', minute: '2-digit' });
        continue;
      }
      const away = Math.abs(at - now);
      const text = away < 5000 ? 'just now' : at > now ? `in ${unit(away)}` : `${unit(away)} ago`;
      if (element.textContent !== text) element.textContent = text;
    }
  };

  // Nothing is put in place under a finger: what is pressed would not be clicked, and what is selected could not be copied.
  let pressed;
  let held = false;
  const chosen = (part) => {
    const selection = document.getSelection();
    return selection !== null && !selection.isCollapsed && selection.containsNode(part, true);
  };
  const press = (event) => {
    const key = event.type === 'keydown';
    if (key ? event.key === ' ' || event.key === 'Enter' : event.button === 0) pressed = event.target.closest?.('[data-live]');
  };
  const release = () => {
    pressed = undefined;
    if (!held) return;
    held = false;
    later();
  };
  for (const name of ['pointerdown', 'keydown']) addEventListener(name, press, true);
  for (const name of ['pointerup', 'pointercancel', 'keyup']) addEventListener(name, release, true);
  addEventListener('blur', release);
  document.addEventListener('selectionchange', () => {
    if (held && pressed === undefined && document.getSelection()?.isCollapsed) release();
  });

  // Live parts: when something changes, the page is asked for again and its live parts that differ are put in place.
  let asked = false;
  let again = false;
  let failedOnce = false;
  const refresh = async () => {
    if (asked) {
      again = true;
      return;
    }
    asked = true;
    try {
      const answer = await fetch(location.href, { headers: { accept: 'text/html' }, cache: 'no-store', redirect: 'manual' });
      if (answer.type === 'opaqueredirect')
        tell('Your log-in has ended. Log in in another window, and this page goes on; or load it again.');
      else if (answer.status === 404) tell('What this page shows is not there any more: it was removed, or turned off in the settings.');
      if (!answer.ok) throw new Error(String(answer.status));
      const fresh = new DOMParser().parseFromString(await answer.text(), 'text/html');
      for (const part of document.querySelectorAll('[data-live]')) {
        const other = part.id && fresh.getElementById(part.id);
        if (!other || part.liveHtml === other.innerHTML) continue;
        if (pressed === part || chosen(part)) held = true;
        else swap(part, other.innerHTML);
      }
      // A server that was started anew knows other forms than the one before.
      const token = fresh.querySelector('input[name="form_token"]')?.value;
      if (token) for (const input of document.querySelectorAll('input[name="form_token"]')) input.value = token;
      failedOnce = false;
    } catch {
      failedOnce = true;
    } finally {
      asked = false;
    }
    if (again) {
      again = false;
      later();
    }
  };
  // What only this page knows; the next answer takes it away.
  const tell = (text) => {
    const away = document.getElementById('away');
    if (!away || away.textContent === text) return;
    const notice = document.createElement('p');
    notice.className = 'notice bad';
    notice.setAttribute('role', 'alert');
    notice.textContent = text;
    away.replaceChildren(notice);
    away.liveHtml = undefined;
  };
  // What has the focus, or was scrolled, is found again by its id or address. Of several with one name it is counted from the
  // end, because lists grow at the front.
  const stops = 'a[href], button, summary, [tabindex]';
  const called = (one) => one.id || one.getAttribute('href') || `${one.tagName} ${one.closest('[id]')?.id}`;
  const finder = (part, one) => {
    const name = called(one);
    const named = () => [...part.querySelectorAll(stops)].filter((other) => called(other) === name);
    const all = named();
    const fromEnd = all.length - all.indexOf(one);
    return () => {
      const now = named();
      return now[now.length - fromEnd] ?? now[0];
    };
  };
  const swap = (part, html) => {
    const active = document.activeElement;
    const focused = active !== part && part.contains(active) ? finder(part, active) : undefined;
    const scrolled = [...part.querySelectorAll('[tabindex]')]
      .filter(({ scrollLeft, scrollTop }) => scrollLeft > 0 || scrollTop > 0)
      .map((one) => ({ find: finder(part, one), left: one.scrollLeft, top: one.scrollTop }));
    const open = [...part.querySelectorAll('details[open][id]')].map((one) => one.id);
    part.liveHtml = html;
    part.innerHTML = html;
    for (const id of open) {
      const one = part.querySelector(`#${CSS.escape(id)}`);
      if (one) one.open = true;
    }
    times(part);
    copyButtons(part);
    for (const { find, left, top } of scrolled) find()?.scrollTo(left, top);
    focused?.()?.focus({ preventScroll: true });
  };
  // A little apart, and not all pages at the same moment.
  let waiting;
  const later = () => {
    waiting ??= setTimeout(
      () => {
        waiting = undefined;
        void refresh();
      },
      200 + Math.random() * 600,
    );
  };
  const scope = (main.dataset.scope || '').split(' ').filter(Boolean);
  const concerns = (names) => scope.length === 0 || names.some((name) => name === '' || scope.includes(name));
  const say = (state, text) => {
    if (live && live.dataset.liveState !== state) {
      live.dataset.liveState = state;
      live.textContent = text;
    }
  };

  if (window.EventSource && live) {
    let seen = 0;
    let heard = Date.now();
    let source;
    const open = () => {
      source?.close();
      source = new EventSource('/events');
      source.addEventListener('hello', (event) => {
        heard = Date.now();
        // After a break it may be another server, whatever it counts.
        if (seen !== Number(event.data) || live.dataset.liveState === 'lost') later();
        say('on', 'live');
        seen = Number(event.data);
      });
      source.addEventListener('heartbeat', (event) => {
        heard = Date.now();
        say('on', 'live');
        if (seen !== Number(event.data) || failedOnce) later();
        seen = Number(event.data);
      });
      source.addEventListener('change', (event) => {
        heard = Date.now();
        say('on', 'live');
        const { version, names } = JSON.parse(event.data);
        seen = version;
        if (concerns(names)) later();
      });
      source.addEventListener('error', () => {
        say('lost', 'connection lost');
        // The browser tries again by itself, but not after an answer that was no stream; what it was, the page itself says.
        if (source.readyState !== EventSource.CLOSED) return;
        later();
        setTimeout(() => !document.hidden && open(), 3000);
      });
    };
    if (!document.hidden) open();
    setInterval(() => {
      if (!document.hidden && Date.now() - heard > 40000) {
        say('lost', 'connection lost');
        heard = Date.now();
        open();
      }
    }, 5000);
    // A browser keeps six connections to a server: pages nobody looks at must not hold them.
    document.addEventListener('visibilitychange', () => {
      if (document.hidden) {
        source?.close();
        return;
      }
      heard = Date.now();
      open();
      later();
    });
    addEventListener('pagehide', () => source?.close());
    addEventListener('pageshow', (event) => {
      if (event.persisted) open();
    });
  }

  // Copying.
  const copyButtons = (root) => {
    if (!navigator.clipboard) return;
    for (const block of root.querySelectorAll('pre[data-copy]')) {
      if (block.previousElementSibling?.classList.contains('copy')) continue;
      const button = document.createElement('button');
      button.type = 'button';
      button.className = 'button plain copy';
      button.textContent = 'Copy';
      button.addEventListener('click', async () => {
        await navigator.clipboard.writeText(block.textContent);
        button.textContent = 'Copied';
        setTimeout(() => {
          button.textContent = 'Copy';
        }, 2000);
      });
      block.before(button);
    }
  };

  // Charts of the runs: what they read and how long it took, and what the topic held after them.
  const chart = document.querySelector('[data-chart]');
  const draw = async () => {
    if (!chart || !window.uPlot) return;
    const answer = await fetch(chart.dataset.chart, { headers: { accept: 'application/json' } }).catch(() => undefined);
    if (!answer?.ok) return;
    const runs = (await answer.json()).runs.slice().reverse();
    if (runs.length < 2) return;
    chart.hidden = false;
    chart.replaceChildren();
    const style = getComputedStyle(document.documentElement);
    const colour = (name) => style.getPropertyValue(name).trim();
    const written = (at, how) => new Date(at * 1000).toLocaleString(undefined, how);
    const day = { month: 'short', day: 'numeric' };
    const days = runs[runs.length - 1].endedAt - runs[0].endedAt > 86400000;
    const hours = (step) => ({ ...(days ? day : {}), hour: '2-digit', minute: '2-digit', ...(step < 60 ? { second: '2-digit' } : {}) });
    const axis = { stroke: colour('--soft'), grid: { stroke: colour('--line'), width: 1 }, ticks: { stroke: colour('--line') } };
    const range = (_, __, most) => [0, Math.max(1, most * 1.05)];
    const one = (title, right, series) => {
      const box = document.createElement('div');
      chart.append(box);
      new window.uPlot(
        {
          title,
          width: chart.clientWidth - 24,
          height: 200,
          scales: { rows: { range }, [right]: { range } },
          axes: [
            {
              ...axis,
              space: 110,
              values: (_, splits, __, ___, step) => splits.map((at) => written(at, step < 86400 ? hours(step) : day)),
            },
            { ...axis, scale: 'rows', label: 'rows', size: 64 },
            { ...axis, scale: right, side: 1, label: right, grid: { show: false } },
          ],
          series: [
            { value: (_, at) => (at == null ? '–' : written(at)) },
            ...series.map(({ values: _, tone, ...shown }) => ({ stroke: colour(tone), width: 2, spanGaps: true, ...shown })),
          ],
        },
        [runs.map((run) => run.endedAt / 1000), ...series.map(({ values }) => runs.map(values))],
        box,
      );
    };
    one('Each run', 'seconds', [
      { label: 'Rows read', scale: 'rows', tone: '--busy', values: (run) => run.totals.fetched },
      { label: 'Published or deleted', scale: 'rows', tone: '--good', values: (run) => run.totals.published + run.totals.deleted },
      { label: 'Duration (s)', scale: 'seconds', tone: '--wait', dash: [4, 4], values: (run) => (run.endedAt - run.startedAt) / 1000 },
    ]);
    if (!runs.some((run) => run.liveRows !== undefined)) return;
    one('The topic after it', 'minutes', [
      { label: 'Live rows', scale: 'rows', tone: '--good', values: (run) => run.liveRows ?? null },
      {
        label: 'Freshness (min)',
        scale: 'minutes',
        tone: '--warn',
        values: (run) => (run.readTo === undefined ? null : Math.max(0, (run.endedAt - run.readTo) / 60000)),
      },
    ]);
  };

  document.addEventListener('keydown', (event) => {
    const close = document.querySelector('[data-close]');
    if (event.key === 'Escape' && close) close.click();
  });

  // What was done is told once, not again by the back button or a bookmark.
  const here = new URL(location.href);
  if (here.searchParams.has('done')) {
    here.searchParams.delete('done');
    history.replaceState(history.state, '', here);
  }

  for (const part of document.querySelectorAll('[data-live]')) part.liveHtml = part.innerHTML;
  times(document);
  copyButtons(document);
  setInterval(() => times(document), 10000);
  void draw();
})();
