/** What callers see of each task, once. A task's scope has its name. */
import { ModelTask } from "../../gen/inferd/v1/model_service.ts";
import { type Task, taskNames } from "../engines/tasks.ts";
import { ownMethods } from "./methods.ts";
import type { OwnServiceName } from "./services.ts";

interface ServedTask {
  /** The service whose methods need a model of this task. Its health says whether one is ready. */
  readonly service: OwnServiceName;
  /** As `Model.tasks` of the proto shows it. */
  readonly shown: ModelTask;
  /** The setting that names the model of calls that name none. */
  readonly defaultModelSetting: string;
}

export const servedTasks = {
  generate: {
    service: "inferd.v1.GenerationService",
    shown: ModelTask.GENERATE,
    defaultModelSetting: "defaultGenerationModel",
  },
  embed: {
    service: "inferd.v1.EmbeddingService",
    shown: ModelTask.EMBED,
    defaultModelSetting: "defaultEmbeddingModel",
  },
  rerank: {
    service: "inferd.v1.RerankService",
    shown: ModelTask.RERANK,
    defaultModelSetting: "defaultRerankingModel",
  },
  classify: {
    service: "inferd.v1.ClassificationService",
    shown: ModelTask.CLASSIFY,
    defaultModelSetting: "defaultClassificationModel",
  },
} as const satisfies Readonly<Record<Task, ServedTask>>;

const tasksByService = new Map<string, readonly Task[]>([
  ...taskNames.map((task) => [servedTasks[task].service, [task]] as const),
  ["inferd.v1.TokenizationService" satisfies OwnServiceName, taskNames],
]);

/** Each service of inferd's own, with the tasks of which its methods need one; none for one that needs no model. */
export const serviceTasks: ReadonlyMap<string, readonly Task[]> = new Map(
  Object.keys(ownMethods).map((method) => {
    const service = serviceOf(method);
    return [service, tasksByService.get(service) ?? []];
  }),
);

/** The service of a method's full name. */
export function serviceOf(method: string): string {
  return method.slice(0, method.indexOf("/"));
}
