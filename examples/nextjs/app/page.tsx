import { DocumentList } from "@/components/DocumentList";

export default function Page() {
  return (
    <>
      <h1 className="hidden">Files</h1>
      <DocumentList />
    </>
  );
}
