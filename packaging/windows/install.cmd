@echo off
rem Installs omr from this folder, without any network: install.cmd [TARGET]     (default C:\omr)
rem Run as administrator. Beside it lies python-3.xx.x-embed-amd64.zip of python.org; see docs/windows.md.
setlocal
set "here=%~dp0"
set "target=%~1"
if "%target%"=="" set "target=C:\omr"
set "name="
pushd "%here%"
for %%f in (python-3.*-embed-amd64.zip) do set "name=%%~nf"
popd
if not defined name (
    echo omr: python-3.13.x-embed-amd64.zip is not beside this file
    exit /b 1
)
rem given by the environment: a folder's name may hold what PowerShell would read as its own
set "archive=%here%%name%.zip"
set "into=%target%\%name%"
if not exist "%into%\python.exe" (
    powershell -NoProfile -Command "Expand-Archive -Force -LiteralPath $env:archive -DestinationPath $env:into" || exit /b 1
)
"%into%\python.exe" "%here%install.py" "%target%"
exit /b %errorlevel%
