// Reads calendar files with ical.js, which is not what wrote them. Input: a JSON array of files. Output: for each,
// its events as the library understands them.

import { text } from "node:stream/consumers";

import ICAL from "ical.js";

const files = JSON.parse(await text(process.stdin));
console.log(JSON.stringify(files.map(events)));

function events(file) {
  const calendar = new ICAL.Component(ICAL.parse(file));
  return calendar.getAllSubcomponents("vevent").map((component) => {
    const event = new ICAL.Event(component, { strictExceptions: true });
    return {
      uid: event.uid,
      start: event.startDate.toString(),
      end: event.endDate.toString(),
      allDay: event.startDate.isDate,
      summary: event.summary,
      description: event.description ?? "",
      recurring: event.isRecurring(),
      stamp: component.getFirstPropertyValue("dtstamp").toString(),
      transparency: component.getFirstPropertyValue("transp"),
      alarms: component
        .getAllSubcomponents("valarm")
        .map((alarm) => alarm.getFirstPropertyValue("trigger").toSeconds()),
    };
  });
}
