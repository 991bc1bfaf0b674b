"""How the page looks, beyond Gradio's theme."""

STYLE = """
.lifecast-steps { display: flex; flex-wrap: wrap; gap: .4em; list-style: none; padding: 0; margin: .6em 0 }
.lifecast-steps li { padding: .2em .8em; border-radius: 1em; border: 1px solid currentColor; opacity: .55 }
.lifecast-steps li.past { opacity: 1 }
.lifecast-steps li.past::before { content: "\\2713\\00a0" }
.lifecast-steps li[aria-current] { opacity: 1; font-weight: 600; color: #fff; background: #c2410c;
  border-color: #c2410c }
.lifecast-place { font-size: 1.2em; font-weight: 600 }
.lifecast-hints { border: 1px dashed currentColor; border-radius: 8px; padding: 1.2em 1.6em; opacity: .75 }
.lifecast-hints ul, .lifecast-done ul { list-style: disc; padding-left: 1.3em; margin: .4em 0 }
.lifecast-view iframe { width: 100%; height: min(70vh, 640px); border: 0; border-radius: 8px; display: block }
.lifecast-files a, .lifecast-files a:visited { display: inline-block; color: inherit; padding: .5em 1em;
  margin: 0 .5em .5em 0; border-radius: 6px;
  border: 1px solid currentColor; text-decoration: none; font-weight: 600 }
.lifecast-files a:hover, .lifecast-files a:focus-visible { background: #c2410c; color: #fff; border-color: #c2410c }
.lifecast-files small { font-weight: 400 }
.lifecast-error { border-left: 4px solid #c62828; padding: .6em 1em }
"""
