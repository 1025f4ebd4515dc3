import { Suspense } from "react";
import { DocumentView } from "@/components/DocumentView";

export default function Page() {
  return (
    <Suspense>
      <DocumentView />
    </Suspense>
  );
}
