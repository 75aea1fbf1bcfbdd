/**
 * How many tokens two texts keep of `room`, as the `longest_first` of Hugging Face's libraries: the longer text loses
 * tokens until it is as short as the other, then both do.
 */
export function longestFirst(
  first: number,
  second: number,
  room: number,
): readonly [first: number, second: number] {
  if (first + second <= room) return [first, second];
  const shorter = Math.min(first, second);
  const half = Math.floor(room / 2);
  // What does not fit into two halves is the longer text's; of two equal ones, the second's.
  const [short, long] = shorter <= half ? [shorter, room - shorter] : [half, room - half];
  return first > second ? [long, short] : [short, long];
}
