"""The file types: one row each.

To add a type, add a row here, an extractor in `extractors/` and a test. Settings, detection, the
OpenAPI description and the web UI read this table; a test compares docs/metadata.md with it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

UNKNOWN = "application/octet-stream"

PDF = "application/pdf"
RTF = "application/rtf"
TEXT = "text/plain"
MARKDOWN = "text/markdown"
CSV = "text/csv"
HTML = "text/html"
XML = "application/xml"
SVG = "image/svg+xml"
JSON = "application/json"
JSON_LINES = "application/x-ndjson"
MAIL = "message/rfc822"
CALENDAR = "text/calendar"
VCARD = "text/vcard"
SUBRIP = "application/x-subrip"
WEBVTT = "text/vtt"
PARQUET = "application/vnd.apache.parquet"

AVIF = "image/avif"
HEIC = "image/heic"
HEIF = "image/heif"

ZIP = "application/zip"
OLE2 = "application/x-ole-storage"
MP4 = "video/mp4"
AUDIO_MP4 = "audio/mp4"
QUICKTIME = "video/quicktime"
THREE_GPP = "video/3gpp"
AUDIO_THREE_GPP = "audio/3gpp"
THREE_GPP2 = "video/3gpp2"
AUDIO_THREE_GPP2 = "audio/3gpp2"
WEBM = "video/webm"
AUDIO_WEBM = "audio/webm"
MATROSKA = "video/matroska"
AUDIO_MATROSKA = "audio/matroska"
AUDIO_OGG = "audio/ogg"
VIDEO_OGG = "video/ogg"
WMV = "video/x-ms-wmv"
WMA = "audio/x-ms-wma"
AVI = "video/x-msvideo"
MP3 = "audio/mpeg"
WAV = "audio/wav"
AIFF = "audio/aiff"
FLAC = "audio/flac"
AAC = "audio/aac"
AC3 = "audio/ac3"
EAC3 = "audio/eac3"
AMR = "audio/amr"
APE = "audio/x-ape"

AUDIO_OF_VIDEO = {
    MP4: AUDIO_MP4,
    THREE_GPP: AUDIO_THREE_GPP,
    THREE_GPP2: AUDIO_THREE_GPP2,
    WEBM: AUDIO_WEBM,
    MATROSKA: AUDIO_MATROSKA,
    WMV: WMA,
}
"""Types of files without video, by the type of their format."""

_OPEN_XML = "application/vnd.openxmlformats-officedocument."
_OPEN_DOCUMENT = "application/vnd.oasis.opendocument."

DOCX = _OPEN_XML + "wordprocessingml.document"
XLSX = _OPEN_XML + "spreadsheetml.sheet"
PPTX = _OPEN_XML + "presentationml.presentation"
DOCM = "application/vnd.ms-word.document.macroenabled.12"
XLSM = "application/vnd.ms-excel.sheet.macroenabled.12"
PPTM = "application/vnd.ms-powerpoint.presentation.macroenabled.12"
DOTX = _OPEN_XML + "wordprocessingml.template"
XLTX = _OPEN_XML + "spreadsheetml.template"
POTX = _OPEN_XML + "presentationml.template"
PPSX = _OPEN_XML + "presentationml.slideshow"
DOTM = "application/vnd.ms-word.template.macroenabled.12"
XLTM = "application/vnd.ms-excel.template.macroenabled.12"
XLSB = "application/vnd.ms-excel.sheet.binary.macroenabled.12"
POTM = "application/vnd.ms-powerpoint.template.macroenabled.12"
PPSM = "application/vnd.ms-powerpoint.slideshow.macroenabled.12"
ODT = _OPEN_DOCUMENT + "text"
ODS = _OPEN_DOCUMENT + "spreadsheet"
ODP = _OPEN_DOCUMENT + "presentation"
ODG = _OPEN_DOCUMENT + "graphics"
OTT = _OPEN_DOCUMENT + "text-template"
OTS = _OPEN_DOCUMENT + "spreadsheet-template"
OTP = _OPEN_DOCUMENT + "presentation-template"
OTG = _OPEN_DOCUMENT + "graphics-template"
DOC = "application/msword"
XLS = "application/vnd.ms-excel"
PPT = "application/vnd.ms-powerpoint"
MSG = "application/vnd.ms-outlook"


class FileType(NamedTuple):  # a dataclass would cost half a millisecond more per cold start
    """One type of file that can be allowed."""

    mime_type: str
    label: str
    """Shown in the web UI and the documentation."""
    short_label: str
    """At most five characters, for a tile in the web UI."""
    extractor: str
    """Module in `extractors/`; several types may share one."""
    fallback: str = ""
    """Module in `extractors/` that reads the files which the extractor returns unfinished."""
    is_default: bool = True
    """Whether `ALLOWED_TYPES=default` includes it."""
    aliases: tuple[str, ...] = ()
    """Other MIME types that uploaders declare for it."""
    containers: tuple[str, ...] = ()
    """MIME types of the formats whose content decides whether a file is of this type."""
    is_text_format: bool = False
    """A text format: tried on a text that is declared as it, even if its beginning differs."""
    prefix: bytes | None = None
    """First bytes of every file, for formats that may consist of printable characters only."""

    @property
    def has_text(self) -> bool:
        """Whether the extractor collects the text of files of this type."""
        return self.extractor in _TEXT_EXTRACTORS


_TEXT_EXTRACTORS = frozenset(
    [
        "csv_table",
        "epub",
        "mail",
        "markup",
        "office",
        "ole2",
        "outlook",
        "pdf",
        "rtf",
        "subtitles",
        "text",
    ]
)


_ROWS = (
    FileType(
        mime_type=PDF,
        label="PDF document",
        short_label="PDF",
        extractor="pdf",
        fallback="pdf_fallback",
        aliases=("application/x-pdf",),
        prefix=b"%PDF-",
    ),
    FileType(
        mime_type=DOCX,
        label="Word document",
        short_label="DOCX",
        extractor="office",
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=XLSX,
        label="Excel workbook",
        short_label="XLSX",
        extractor="office",
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=PPTX,
        label="PowerPoint presentation",
        short_label="PPTX",
        extractor="office",
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type="image/jpeg",
        label="JPEG image",
        short_label="JPEG",
        extractor="image",
        aliases=("image/jpg", "image/pjpeg"),
    ),
    FileType(mime_type=TEXT, label="Text", short_label="TXT", extractor="text"),
    FileType(
        mime_type=CSV,
        label="CSV table",
        short_label="CSV",
        extractor="csv_table",
        aliases=("application/csv", "application/x-csv", "text/tab-separated-values"),
        is_text_format=True,
    ),
    FileType(
        mime_type="image/png",
        label="PNG image",
        short_label="PNG",
        extractor="image",
        aliases=("image/apng", "image/x-png"),
    ),
    FileType(mime_type="image/gif", label="GIF image", short_label="GIF", extractor="image"),
    FileType(mime_type="image/webp", label="WebP image", short_label="WEBP", extractor="image"),
    FileType(
        mime_type=HEIC,
        label="HEIC image",
        short_label="HEIC",
        extractor="image",
        aliases=("image/heic-sequence",),
    ),
    FileType(
        mime_type=HEIF,
        label="HEIF image of another codec",
        short_label="HEIF",
        extractor="image",
        aliases=("image/heif-sequence",),
    ),
    FileType(mime_type=AVIF, label="AVIF image", short_label="AVIF", extractor="image"),
    FileType(mime_type="image/jxl", label="JPEG XL image", short_label="JXL", extractor="image"),
    FileType(
        mime_type="image/tiff",
        label="TIFF image",
        short_label="TIFF",
        extractor="image",
        aliases=("image/x-adobe-dng", "image/x-nikon-nef", "image/x-sony-arw"),
    ),
    FileType(
        mime_type="image/bmp",
        label="BMP image",
        short_label="BMP",
        extractor="image",
        aliases=("image/x-bmp", "image/x-ms-bmp"),
    ),
    FileType(
        mime_type="image/vnd.microsoft.icon",
        label="Icon",
        short_label="ICO",
        extractor="image",
        aliases=("image/ico", "image/x-icon"),
    ),
    FileType(
        mime_type="image/vnd.adobe.photoshop",
        label="Photoshop document",
        short_label="PSD",
        extractor="image",
        aliases=("application/x-photoshop", "image/psd", "image/x-photoshop", "image/x-psd"),
    ),
    FileType(
        mime_type="image/jp2",
        label="JPEG 2000 image",
        short_label="JP2",
        extractor="image",
        aliases=("image/jpeg2000",),
    ),
    FileType(
        mime_type="image/jpx",
        label="JPEG 2000 image with extensions",
        short_label="JPX",
        extractor="image",
    ),
    FileType(
        mime_type="image/j2c",
        label="JPEG 2000 codestream",
        short_label="J2C",
        extractor="image",
        aliases=("image/x-jp2-codestream",),
    ),
    FileType(
        mime_type=SVG,
        label="SVG image",
        short_label="SVG",
        extractor="markup",
        is_text_format=True,
    ),
    FileType(
        mime_type=MARKDOWN,
        label="Markdown",
        short_label="MD",
        extractor="text",
        aliases=("text/x-markdown",),
        is_text_format=True,
    ),
    FileType(
        mime_type=HTML,
        label="HTML page",
        short_label="HTML",
        extractor="markup",
        aliases=("application/xhtml+xml",),
        is_text_format=True,
    ),
    FileType(
        mime_type=XML,
        label="XML",
        short_label="XML",
        extractor="markup",
        aliases=("text/xml",),
        is_text_format=True,
    ),
    FileType(
        mime_type=JSON,
        label="JSON",
        short_label="JSON",
        extractor="json_text",
        aliases=("text/json",),
        is_text_format=True,
    ),
    FileType(
        mime_type=JSON_LINES,
        label="JSON Lines",
        short_label="JSON",
        extractor="json_text",
        aliases=("application/jsonl", "application/jsonlines", "application/ndjson"),
        is_text_format=True,
    ),
    FileType(
        mime_type=MAIL,
        label="Mail",
        short_label="MAIL",
        extractor="mail",
        is_text_format=True,
    ),
    FileType(
        mime_type=CALENDAR,
        label="Calendar",
        short_label="ICS",
        extractor="calendar",
        aliases=("application/ics", "text/x-vcalendar"),
        is_text_format=True,
    ),
    FileType(
        mime_type=VCARD,
        label="Contacts",
        short_label="VCF",
        extractor="vcard",
        aliases=("text/directory", "text/x-vcard"),
        is_text_format=True,
    ),
    FileType(
        mime_type=SUBRIP,
        label="SubRip subtitles",
        short_label="SRT",
        extractor="subtitles",
        aliases=("application/srt", "text/srt"),
        is_text_format=True,
    ),
    FileType(
        mime_type=WEBVTT,
        label="WebVTT subtitles",
        short_label="VTT",
        extractor="subtitles",
        is_text_format=True,
    ),
    FileType(
        mime_type=PARQUET,
        label="Parquet table",
        short_label="PARQ",
        extractor="parquet",
        aliases=("application/x-parquet",),
    ),
    FileType(
        mime_type=ODT,
        label="OpenDocument text",
        short_label="ODT",
        extractor="office",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=ODS,
        label="OpenDocument spreadsheet",
        short_label="ODS",
        extractor="office",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=ODP,
        label="OpenDocument presentation",
        short_label="ODP",
        extractor="office",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=OTT,
        label="OpenDocument text template",
        short_label="OTT",
        extractor="office",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=OTS,
        label="OpenDocument spreadsheet template",
        short_label="OTS",
        extractor="office",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=OTP,
        label="OpenDocument presentation template",
        short_label="OTP",
        extractor="office",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=ODG,
        label="OpenDocument drawing",
        short_label="ODG",
        extractor="office",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=OTG,
        label="OpenDocument drawing template",
        short_label="OTG",
        extractor="office",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=DOTX,
        label="Word template",
        short_label="DOTX",
        extractor="office",
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=XLTX,
        label="Excel template",
        short_label="XLTX",
        extractor="office",
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=POTX,
        label="PowerPoint template",
        short_label="POTX",
        extractor="office",
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=PPSX,
        label="PowerPoint slide show",
        short_label="PPSX",
        extractor="office",
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=DOC,
        label="Word 97–2003 document",
        short_label="DOC",
        extractor="ole2",
        containers=(OLE2,),
    ),
    FileType(
        mime_type=XLS,
        label="Excel 97–2003 workbook",
        short_label="XLS",
        extractor="ole2",
        containers=(OLE2,),
    ),
    FileType(
        mime_type=PPT,
        label="PowerPoint 97–2003 presentation",
        short_label="PPT",
        extractor="ole2",
        containers=(OLE2,),
    ),
    FileType(
        mime_type=MSG,
        label="Outlook message",
        short_label="MSG",
        extractor="outlook",
        containers=(OLE2,),
    ),
    FileType(
        mime_type=RTF,
        label="Rich Text document",
        short_label="RTF",
        extractor="rtf",
        aliases=("application/x-rtf", "text/rtf"),
        prefix=b"{\\rtf",
    ),
    FileType(
        mime_type="application/epub+zip",
        label="EPUB book",
        short_label="EPUB",
        extractor="epub",
        containers=(ZIP,),
    ),
    FileType(
        mime_type="application/x-ibooks+zip",
        label="Apple Books book",
        short_label="IBOOK",
        extractor="epub",
        containers=(ZIP,),
    ),
    FileType(
        mime_type=DOCM,
        label="Word document with macros",
        short_label="DOCM",
        extractor="office",
        is_default=False,
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=XLSM,
        label="Excel workbook with macros",
        short_label="XLSM",
        extractor="office",
        is_default=False,
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=PPTM,
        label="PowerPoint presentation with macros",
        short_label="PPTM",
        extractor="office",
        is_default=False,
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=DOTM,
        label="Word template with macros",
        short_label="DOTM",
        extractor="office",
        is_default=False,
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=XLTM,
        label="Excel template with macros",
        short_label="XLTM",
        extractor="office",
        is_default=False,
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=XLSB,
        label="Excel binary workbook",
        short_label="XLSB",
        extractor="office",
        is_default=False,
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=POTM,
        label="PowerPoint template with macros",
        short_label="POTM",
        extractor="office",
        is_default=False,
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=PPSM,
        label="PowerPoint slide show with macros",
        short_label="PPSM",
        extractor="office",
        is_default=False,
        containers=(ZIP, OLE2),
    ),
    FileType(
        mime_type=MP3,
        label="MP3 audio",
        short_label="MP3",
        extractor="media",
        aliases=(
            "audio/mp2",
            "audio/mp3",
            "audio/mpeg3",
            "audio/x-mp2",
            "audio/x-mp3",
            "audio/x-mpeg",
        ),
    ),
    FileType(
        mime_type=AUDIO_MP4,
        label="MPEG-4 audio",
        short_label="M4A",
        extractor="media",
        aliases=("audio/m4a", "audio/x-m4a", "audio/x-m4b"),
        containers=(MP4,),
    ),
    FileType(
        mime_type=WAV,
        label="WAV audio",
        short_label="WAV",
        extractor="media",
        aliases=("audio/vnd.wave", "audio/wave", "audio/x-wav"),
    ),
    FileType(
        mime_type=FLAC,
        label="FLAC audio",
        short_label="FLAC",
        extractor="media",
        aliases=("audio/x-flac",),
        containers=(MP3,),
    ),
    FileType(
        mime_type=AUDIO_OGG,
        label="Ogg audio",
        short_label="OGG",
        extractor="media",
        aliases=("audio/opus", "audio/speex", "audio/vorbis", "audio/x-speex"),
    ),
    FileType(
        mime_type=AAC,
        label="AAC audio",
        short_label="AAC",
        extractor="media",
        aliases=("audio/aacp", "audio/x-aac", "audio/x-hx-aac-adts"),
        containers=(MP3,),
    ),
    FileType(
        mime_type=WMA,
        label="Windows Media audio",
        short_label="WMA",
        extractor="media",
        containers=(WMV,),
    ),
    FileType(
        mime_type=AIFF,
        label="AIFF audio",
        short_label="AIFF",
        extractor="media",
        aliases=("audio/x-aiff",),
    ),
    FileType(
        mime_type=AMR,
        label="AMR audio",
        short_label="AMR",
        extractor="media",
        aliases=("audio/amr-wb", "audio/x-amr"),
    ),
    FileType(
        mime_type=AC3,
        label="AC-3 audio",
        short_label="AC3",
        extractor="media",
        aliases=("audio/x-ac3",),
        containers=(MP3,),
    ),
    FileType(
        mime_type=EAC3,
        label="E-AC-3 audio",
        short_label="EAC3",
        extractor="media",
        containers=(MP3,),
    ),
    FileType(
        mime_type=APE,
        label="Monkey's Audio",
        short_label="APE",
        extractor="media",
        aliases=("audio/ape", "audio/x-monkeys-audio"),
        containers=(MP3,),
    ),
    FileType(
        mime_type=AUDIO_WEBM,
        label="WebM audio",
        short_label="WEBA",
        extractor="media",
        containers=(WEBM,),
    ),
    FileType(
        mime_type=AUDIO_MATROSKA,
        label="Matroska audio",
        short_label="MKA",
        extractor="media",
        aliases=("audio/x-matroska",),
        containers=(MATROSKA,),
    ),
    FileType(
        mime_type=AUDIO_THREE_GPP,
        label="3GPP audio",
        short_label="3GP",
        extractor="media",
        containers=(THREE_GPP,),
    ),
    FileType(
        mime_type=AUDIO_THREE_GPP2,
        label="3GPP2 audio",
        short_label="3G2",
        extractor="media",
        containers=(THREE_GPP2,),
    ),
    FileType(
        mime_type=MP4,
        label="MPEG-4 video",
        short_label="MP4",
        extractor="media",
        aliases=("application/mp4", "video/x-m4v"),
    ),
    FileType(
        mime_type=QUICKTIME,
        label="QuickTime video",
        short_label="MOV",
        extractor="media",
    ),
    FileType(
        mime_type=WEBM,
        label="WebM video",
        short_label="WEBM",
        extractor="media",
    ),
    FileType(
        mime_type=MATROSKA,
        label="Matroska video",
        short_label="MKV",
        extractor="media",
        aliases=("video/x-matroska",),
    ),
    FileType(
        mime_type=AVI,
        label="AVI video",
        short_label="AVI",
        extractor="media",
        aliases=("video/avi", "video/msvideo", "video/vnd.avi"),
    ),
    FileType(
        mime_type=WMV,
        label="Windows Media video",
        short_label="WMV",
        extractor="media",
        aliases=("application/vnd.ms-asf", "video/x-ms-asf"),
    ),
    FileType(
        mime_type=THREE_GPP,
        label="3GPP video",
        short_label="3GP",
        extractor="media",
    ),
    FileType(
        mime_type=THREE_GPP2,
        label="3GPP2 video",
        short_label="3G2",
        extractor="media",
    ),
    FileType(
        mime_type=VIDEO_OGG,
        label="Ogg video",
        short_label="OGV",
        extractor="media",
    ),
    FileType(
        mime_type=ZIP,
        label="ZIP archive",
        short_label="ZIP",
        extractor="archive",
        is_default=False,
        aliases=("application/x-zip-compressed",),  # declared by Windows
    ),
    FileType(
        mime_type="application/gzip",
        label="gzip archive",
        short_label="GZ",
        extractor="archive",
        is_default=False,
        aliases=("application/x-gzip",),
    ),
    FileType(
        mime_type="application/x-tar",
        label="tar archive",
        short_label="TAR",
        extractor="archive",
        is_default=False,
    ),
)

FILE_TYPES = {row.mime_type: row for row in _ROWS}
"""By MIME type, most common first."""

SUPPORTED_TYPES = frozenset(FILE_TYPES)
"""The MIME types that `ALLOWED_TYPES` may name."""

DEFAULT_TYPES = frozenset(row.mime_type for row in _ROWS if row.is_default)
"""The types of `ALLOWED_TYPES=default`: without archives, whose content is not examined, and
documents with macros."""

ALIASES = {alias: row.mime_type for row in _ROWS for alias in row.aliases}

TEXT_FORMATS = frozenset(row.mime_type for row in _ROWS if row.is_text_format)

PREFIXES = {row.prefix: row.mime_type for row in _ROWS if row.prefix}


def types_in(container: str) -> tuple[str, ...]:
    """The types whose files are containers of this format."""
    return tuple(row.mime_type for row in _ROWS if container in row.containers)


def by_familiarity(mime_types: frozenset[str]) -> Iterator[FileType]:
    """The rows of these types in the order of the table."""
    return (row for row in _ROWS if row.mime_type in mime_types)
