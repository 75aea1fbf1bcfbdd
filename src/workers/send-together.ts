/**
 * Sends the messages of one turn of the event loop in one: each write to another process is a system call that also
 * wakes it, which costs more than most messages. The turn's end comes before any wait, so a lone message waits for nothing.
 */
export function sendTogether<T>(send: (messages: readonly T[]) => void): (message: T) => void {
  let waiting: T[] = [];
  const flush = (): void => {
    const messages = waiting;
    waiting = [];
    send(messages);
  };
  return (message) => {
    if (waiting.push(message) === 1) setImmediate(flush);
  };
}
