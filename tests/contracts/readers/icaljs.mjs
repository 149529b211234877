// ical.js (Thunderbird, Nextcloud) as a reader: JSON lines {ics, from, to} in, for each the instances [[start, end], ..] out, in UTC or as dates.
import { createInterface } from 'node:readline';
import ICAL from 'ical.js';

const MOST = 2000;
const plain = (time) => (time.isDate ? time.toString() : time.convertToZone(ICAL.Timezone.utcTimezone).toString().replace(/Z?$/, 'Z'));

function instances({ ics, from, to }) {
  const calendar = new ICAL.Component(ICAL.parse(ics));
  ICAL.TimezoneService.reset();
  for (const zone of calendar.getAllSubcomponents('vtimezone')) ICAL.TimezoneService.register(zone);
  const events = calendar.getAllSubcomponents('vevent');
  const moved = events.filter((e) => e.hasProperty('recurrence-id'));
  const masters = events.filter((e) => !e.hasProperty('recurrence-id'));
  const found = [];
  const keep = (start, end) => {
    const pair = [plain(start), plain(end)];
    if (pair[0] >= from && pair[0] < to) found.push(pair);
  };
  for (const master of masters) {
    const event = new ICAL.Event(master, { exceptions: moved });
    if (!event.isRecurring()) keep(event.startDate, event.endDate);
    else {
      const iterator = event.iterator();
      for (let next, n = 0; (next = iterator.next()) && n < MOST && plain(next) < to; n++) {
        const { startDate, endDate } = event.getOccurrenceDetails(next);
        keep(startDate, endDate);
      }
    }
  }
  if (!masters.length) for (const event of moved.map((e) => new ICAL.Event(e))) keep(event.startDate, event.endDate);
  return found;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = instances(JSON.parse(line));
  } catch (error) {
    answer = { error: String(error) };
  }
  process.stdout.write(JSON.stringify(answer) + '\n');
}
