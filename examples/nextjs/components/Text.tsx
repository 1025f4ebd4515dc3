import { visible } from "@/lib/format";

/** Text of an uploader: right-to-left text does not reorder what is around it. */
export function Text({ children }: { children: string }) {
  return <bdi>{visible(children)}</bdi>;
}
