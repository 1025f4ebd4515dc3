import type { Metadata, Viewport } from "next";
import type { ReactNode } from "react";
import { SessionGate } from "@/components/SessionGate";
import { Uploader } from "@/components/Uploader";
import "./globals.css";

export const metadata: Metadata = { title: "Intake", description: "Upload files and see their metadata", referrer: "no-referrer" };
export const viewport: Viewport = { colorScheme: "light dark" };

export default function RootLayout({ children }: { children: ReactNode }) {
  return (
    <html lang="en">
      <body>
        <SessionGate>
          <Uploader />
          {children}
        </SessionGate>
      </body>
    </html>
  );
}
