// What the pages cannot do in HTML alone, a module for each behaviour. Without them every link and form still works.
//
// htmx is loaded before, so its events reach the modules in the order in which they stand here. Two things rest on it: where the
// focus goes after a swap is decided by the answer, before boxes are ticked or locked for it; and work says that it is busy after
// the person was asked about what it replaces.
import "./menu.js";
import "./sending.js";
import "./unsent.js";
import "./dialog.js";
import "./toast.js";
import "./announce.js";
import "./answers.js";
import "./meanwhile.js";
import "./copy.js";
import "./passkey.js";
import "./selection.js";
import "./boxes.js";
import "./rows.js";
import "./place.js";
import "./timeout.js";
import {focusFirstError} from "./focus.js";

focusFirstError(document); // the page answers a form
