import { DocumentList } from "@/components/DocumentList";
import { Uploader } from "@/components/Uploader";

export default function Page() {
  return (
    <>
      <h1 className="hidden">Files</h1>
      <Uploader />
      <DocumentList />
    </>
  );
}
