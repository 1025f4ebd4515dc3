/** Messages and labels for codes and states. */

import { visible } from "./dom.js";
import { formatSize } from "./format.js";
import { settings } from "./settings.js";

/** Explanations of the failure codes, a closed set. */
export const FAILURES = {
  too_large: `The file exceeds the size limit of ${formatSize(settings.largestFileBytes)}.`,
  empty: "The file is empty.",
  type_not_allowed: "This file type is not allowed.",
  type_mismatch: "The content does not match the declared file type.",
  encrypted: "The file is password-protected.",
  unreadable: "The file is damaged and cannot be read.",
  extraction_timeout: "Metadata extraction timed out.",
  extraction_crashed: "Metadata extraction crashed.",
  processing_failed: "Processing failed because of an AWS or internal error. The file is stored and can be retried.",
  infected: "The file contains malware and cannot be downloaded.",
  not_scanned: "The file could not be scanned for malware and cannot be downloaded.",
};

/** Messages for error codes of Amazon Cognito. */
export const SIGN_IN_ERRORS = {
  NotAuthorizedException: "Incorrect e-mail address or password.",
  UserNotFoundException: "Incorrect e-mail address or password.",
  UserNotConfirmedException: "This account is not confirmed.",
  PasswordResetRequiredException: "This password must be reset. Choose “Forgot password?”.",
  InvalidPasswordException: "This password does not meet the requirements.",
  InvalidParameterException: "This password does not meet the requirements.",
  CodeMismatchException: "Incorrect code.",
  EnableSoftwareTokenMFAException: "Incorrect code.",
  ExpiredCodeException: "This code has expired or is incorrect. Request another one.",
  TooManyRequestsException: "Too many attempts. Wait a few minutes and try again.",
  LimitExceededException: "Too many attempts. Wait a few minutes and try again.",
  TooManyFailedAttemptsException: "Too many attempts. Wait a few minutes and try again.",
};

/** Messages for codes that mean something else in an action. */
export const ACTION_ERRORS = {
  ForgotPassword: {
    InvalidParameterException: "A code cannot be sent: the address was never verified. Ask an administrator for a new password.",
    NotAuthorizedException: "This password cannot be reset now. Sign in with your temporary password, or ask an administrator.",
  },
  RespondToAuthChallenge: { NotAuthorizedException: "This took too long. Enter your password again." },
  VerifySoftwareToken: { InvalidParameterException: "Incorrect code." },
};

/** Messages for status codes of S3's response to an upload; 0: no response. */
export const UPLOAD_ERRORS = {
  0: "The connection was lost during the upload. Try again.",
  400: "The uploaded data does not match the file. Try again.",
  403: "The upload URL expired. Try again.",
  409: "The file was uploaded twice at the same time. Try again.",
};

export const STATES = {
  waiting: "Waiting",
  reading: "Reading",
  sending: "Uploading",
  pending: "Pending",
  scanning: "Scanning",
  unsent: "Not uploaded",
  processed: "Processed",
  failed: "Failed",
};

export const failureText = (record) =>
  FAILURES[record.failure.code] ?? visible(record.failure.message);

/** "1 document" or "2 documents". */
export const plural = (number, noun) => `${number.toLocaleString()} ${noun}${number === 1 ? "" : "s"}`;
