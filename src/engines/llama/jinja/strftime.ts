/** Python's `strftime`, in the C locale and the machine's time zone. */
const days = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const months = [
  ...["January", "February", "March", "April", "May", "June", "July"],
  ...["August", "September", "October", "November", "December"],
];
const dayMs = 86_400_000;

export function strftime(date: Date, format: string): string {
  return format.replace(/%(-?)([a-zA-Z%])/g, (whole, bare: string, code: string) => {
    const field = fieldOf(date, code);
    if (field === undefined) return whole;
    return bare === "" ? field : field.replace(/^[0 ]+(?=\d)/, "");
  });
}

function fieldOf(date: Date, code: string): string | undefined {
  const two = (value: number, filler = "0") => String(value).padStart(2, filler);
  const make = (format: string) => strftime(date, format);
  const fields: Readonly<Record<string, () => string>> = {
    "%": () => "%",
    a: () => make("%A").slice(0, 3),
    A: () => days[date.getDay()] ?? "",
    b: () => make("%B").slice(0, 3),
    B: () => months[date.getMonth()] ?? "",
    c: () => make("%a %b %e %H:%M:%S %Y"),
    d: () => two(date.getDate()),
    D: () => make("%m/%d/%y"),
    e: () => two(date.getDate(), " "),
    F: () => make("%Y-%m-%d"),
    H: () => two(date.getHours()),
    I: () => two(date.getHours() % 12 || 12),
    j: () => String(dayOfYear(date)).padStart(3, "0"),
    m: () => two(date.getMonth() + 1),
    M: () => two(date.getMinutes()),
    p: () => (date.getHours() < 12 ? "AM" : "PM"),
    S: () => two(date.getSeconds()),
    T: () => make("%H:%M:%S"),
    x: () => make("%m/%d/%y"),
    X: () => make("%H:%M:%S"),
    y: () => two(date.getFullYear() % 100),
    Y: () => String(date.getFullYear()),
  };
  return fields[code]?.();
}

function dayOfYear(date: Date): number {
  const start = Date.UTC(date.getFullYear(), 0, 1);
  return (Date.UTC(date.getFullYear(), date.getMonth(), date.getDate()) - start) / dayMs + 1;
}
