/** The streaming load tool: `tools/with-node node bench/load.ts --help`. Exits with 1 where calls failed. */
import { openInferd } from "./load/inferd.ts";
import { measure } from "./load/measure.ts";
import { driveOptions, inferdOptions, loadCommand, type LoadFlags } from "./load/options.ts";
import { measurementText } from "./load/table.ts";

async function main(): Promise<void> {
  const flags = loadCommand().parse().opts<LoadFlags>();
  const target = openInferd(inferdOptions(flags));
  try {
    const options = driveOptions(flags);
    if (flags.warmUp > 0) {
      await measure(target.stream, {
        ...options,
        load: { kind: "closed", streams: 1 },
        calls: flags.warmUp,
        durationMs: Infinity,
        // Others than those that count, which a cache could then answer.
        request: (index) => options.request(index + 1_000_000),
      });
    }
    const measured = await measure(target.stream, options);
    console.log(flags.json ? JSON.stringify(measured) : measurementText(measured));
    if (Object.keys(measured.errors).length > 0) process.exitCode = 1;
  } finally {
    target.close();
  }
}

await main();
